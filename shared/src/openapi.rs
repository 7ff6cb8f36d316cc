//! What the `OpenAPI` documents of all services have in common.

use crate::problem::{ErrorBody, ValidationErrorBody};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// The errors of a route that anyone may call.
#[derive(IntoResponses)]
pub enum PublicErrors {
    /// The body came too slowly
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// The body is larger than 64 KiB
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is of another media type
    #[response(status = 415)]
    MediaType(ErrorBody),
    /// The request is not valid
    #[response(status = 422)]
    Invalid(ValidationErrorBody),
    /// Too many requests: try again after `Retry-After`
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// Try again
    #[response(status = 503)]
    Unavailable(ErrorBody),
    /// There is no space left to write: try again after `Retry-After`
    #[response(status = 507)]
    Full(ErrorBody),
}

/// The errors of a route for users that has a body.
#[derive(IntoResponses)]
pub enum BodyErrors {
    /// No token, or one that does not count
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The body came too slowly
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// The body is larger than 16 MiB, on the routes of `/auth` than 64 KiB
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is of another media type
    #[response(status = 415)]
    MediaType(ErrorBody),
    /// The request is not valid
    #[response(status = 422)]
    Invalid(ValidationErrorBody),
    /// Too many requests: try again after `Retry-After`
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// Try again
    #[response(status = 503)]
    Unavailable(ErrorBody),
    /// There is no space left to write: try again after `Retry-After`
    #[response(status = 507)]
    Full(ErrorBody),
}

/// The errors of a route for users that has no body.
#[derive(IntoResponses)]
pub enum UserErrors {
    /// No token, or one that does not count
    #[response(status = 401)]
    Unauthorized(ErrorBody),
    /// The request is not valid
    #[response(status = 422)]
    Invalid(ValidationErrorBody),
    /// Too many requests: try again after `Retry-After`
    #[response(status = 429)]
    TooMany(ErrorBody),
    /// Try again
    #[response(status = 503)]
    Unavailable(ErrorBody),
    /// There is no space left to write: try again after `Retry-After`
    #[response(status = 507)]
    Full(ErrorBody),
}

/// The answer to a request that leaves nothing to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct Msg {
    /// What was done, for people.
    #[schema(value_type = String, example = "Done")]
    pub msg: &'static str,
}
