//! The error body of the API in two forms: plain `application/json`, and `application/problem+json` (RFC 9457) if the request
//! accepts that.
//!
//! A service has an enum of its errors that implements [`ApiError`]; `?` in a handler converts it to a [`Problem`], and
//! [`crate::server`] renders that with the request id, and writes the cause of a 5xx to the log.

mod body;
mod field_error;
mod oauth;
mod parts;
mod store_fault;

pub use body::{ErrorBody, ProblemDetails, ValidationErrorBody};
pub use field_error::{ErrorLocation, FieldError};
pub use store_fault::store_answer;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use parts::Parts;
use serde::Serialize;
use serde_json::{Map, Value, json};
use shared::error::causes;
use std::borrow::Cow;
use std::fmt;

/// An error with a response. Its `Display` is sent to clients if the status is below 500.
pub trait ApiError: std::error::Error {
    /// The table of the errors: the status of the response, and the stable code, for programs.
    fn status_and_code(&self) -> (StatusCode, &'static str);

    /// The status of the response.
    fn status(&self) -> StatusCode {
        self.status_and_code().0
    }

    /// The stable code, for programs.
    fn code(&self) -> &'static str {
        self.status_and_code().1
    }

    /// Adds members of the body and headers.
    fn decorate(&self, problem: Problem) -> Problem {
        problem
    }
}

/// An error response.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

impl Problem {
    /// An error of this status. `detail` is for people, `code` for programs.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            members: Map::new(),
            headers: Vec::new(),
            cause: None,
            refused_token: None,
        }))
    }

    /// 422 with the validation errors.
    pub fn validation(errors: Vec<FieldError>) -> Self {
        let detail = "The request is not valid";
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", detail);
        problem.0.errors = errors;
        problem
    }

    /// 500. The cause goes to the log, never to the client.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", "Internal server error")
            .with_cause(cause)
    }

    /// 503 with `Retry-After`. The cause goes to the log, never to the client.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", "Service unavailable, try again")
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .with_cause(cause)
    }

    /// 507 with `Retry-After`. The cause goes to the log, never to the client.
    pub fn insufficient_storage(cause: impl fmt::Display) -> Self {
        let detail = "There is no space left to write, try again later";
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "insufficient_storage", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("30"))
            .with_cause(cause)
    }

    /// 401 with the challenge `Bearer` (RFC 9110, 15.5.2).
    pub(crate) fn unauthorized(code: &'static str, detail: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// Adds a member to the body.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Serialize) -> Self {
        self.0.members.insert(name.to_owned(), json!(value));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_cause(mut self, cause: impl fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// Adds why the token was refused, for the metrics.
    #[must_use]
    pub(crate) fn with_refused_token(mut self, why: &'static str) -> Self {
        self.0.refused_token = Some(why);
        self
    }

    /// Replaces the code.
    #[must_use]
    pub fn with_code(mut self, code: &'static str) -> Self {
        self.0.code = code;
        self
    }

    fn with_detail(mut self, detail: String) -> Self {
        self.0.detail = detail.into();
        self
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// The detail, for people.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The validation errors.
    pub fn errors(&self) -> &[FieldError] {
        &self.0.errors
    }

    /// The names of the headers that were added.
    pub fn header_names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.headers.iter().map(|(name, _)| name)
    }

    /// The body in both of its forms: plain, and by RFC 9457.
    pub fn bodies(&self, request_id: &str) -> (Value, Value) {
        body::values(&self.0, request_id)
    }

    /// The cause, for the log alone.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Why the token was refused, if it was.
    pub(crate) fn refused_token(&self) -> Option<&'static str> {
        self.0.refused_token
    }

    /// Renders the response, in the form that the request accepts.
    pub(crate) fn render(&self, request_headers: &HeaderMap, request_id: &str) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.0.status);
        for header in &self.0.headers {
            response.append_header(header.clone());
        }
        let (media_type, body) = body::write(&self.0, request_headers, request_id);
        response.content_type(media_type).body(body)
    }
}

impl<E: ApiError> From<E> for Problem {
    fn from(error: E) -> Self {
        let status = error.status();
        let problem = match status {
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(causes(&error)),
            StatusCode::INSUFFICIENT_STORAGE => Self::insufficient_storage(causes(&error)),
            _ if status.is_server_error() => Self::internal(causes(&error)),
            StatusCode::UNAUTHORIZED => Self::unauthorized(error.code(), "").with_detail(error.to_string()),
            _ => Self::new(status, error.code(), error.to_string()),
        };
        error.decorate(problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.0.status.as_u16(), self.0.code, self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// An empty response: the middleware of [`crate::server`] renders the problem.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.0.status)
    }
}
