//! What the `OpenAPI` document says of the token endpoint.

use crate::error::Error;
use serde::Serialize;
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::openapi::ErrorResponses;
use std::time::Duration;
use utoipa::ToSchema;

/// The kinds of grants that there are.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "what is read of a form is a `Grant`")]
pub enum GrantTypeName {
    /// Name and password (RFC 6749, 4.3)
    Password,
    /// A refresh token (RFC 6749, 6)
    RefreshToken,
}

/// A request for tokens, as RFC 6749 has it. A parameter without a value counts as left out; none may come twice.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "what is read of a form is a `Grant`")]
pub struct TokenRequest {
    #[schema(inline)]
    grant_type: GrantTypeName,
    /// With `password`: as it was registered, or in another case
    #[schema(nullable = false, example = "ann@example.org")]
    username: Option<String>,
    /// With `password`: at most 72 bytes
    #[schema(nullable = false, format = Password, max_length = 72, example = "correct horse")]
    password: Option<String>,
    /// With `refresh_token`: as it was answered
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// Ignored: a token is for all that its user may do
    #[schema(nullable = false)]
    scope: Option<String>,
    /// Ignored, here and in `Authorization: Basic`: no client is registered
    #[schema(nullable = false)]
    client_id: Option<String>,
    /// Ignored as well
    #[schema(nullable = false, format = Password)]
    client_secret: Option<String>,
}

/// An error of the token endpoint: that of RFC 6749, and beside it what every error here has.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenErrorBody {
    /// What is wrong, by RFC 6749: `invalid_grant` (the credentials or the refresh token do not count),
    /// `invalid_request`, `unsupported_grant_type`, `temporarily_unavailable`, `server_error`
    #[schema(example = "invalid_grant")]
    pub error: String,
    /// What is wrong, for people
    #[schema(example = "Invalid credentials")]
    pub error_description: String,
    /// The same
    #[schema(example = "Invalid credentials")]
    pub detail: String,
    /// What is wrong, by the names of this API. New codes may come.
    #[schema(example = "invalid_credentials")]
    pub code: String,
    /// The request's id, as in `X-Request-Id`
    pub request_id: String,
}

shared_web::error_responses! {
    /// The errors of the token endpoint.
    pub TokenErrors: ErrorResponses::of_all().with_body(MAX_AUTH_BODY_BYTES).with([
        Error::InvalidCredentials.into(), Error::InvalidToken.into(), Error::UnsupportedGrantType.into(),
        Error::TooManyFailures(Duration::from_secs(60)).into(), Error::RateLimited(1).into(),
    ]).at_token_endpoint()
}
