//! The status and the code of each error.

use crate::error::Error;
use crate::hasher::HashError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use shared_web::problem::{ApiError, Problem, store_answer};

impl ApiError for Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::InvalidCredentials => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
            Self::InvalidToken => (StatusCode::UNAUTHORIZED, "invalid_token"),
            Self::WrongPassword => (StatusCode::FORBIDDEN, "wrong_password"),
            Self::RegistrationClosed => (StatusCode::FORBIDDEN, "registration_closed"),
            Self::UserNotFound => (StatusCode::NOT_FOUND, "user_not_found"),
            Self::UsernameTaken => (StatusCode::CONFLICT, "username_taken"),
            Self::TooManyFailures(_) => (StatusCode::TOO_MANY_REQUESTS, "too_many_failed_logins"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Token(_) | Self::Randomness | Self::Hash(HashError::Failed(_)) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
            }
            Self::Hash(HashError::Busy) => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
            Self::Store(error) => store_answer(error.fault()),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            // Its name in RFC 6749, 5.2.
            Self::UnsupportedGrantType => problem.with_member("error", self.code()),
            Self::RateLimited(seconds) => problem.with_header(RETRY_AFTER, HeaderValue::from(*seconds)),
            Self::TooManyFailures(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                problem.with_header(RETRY_AFTER, HeaderValue::from(seconds))
            }
            _ => problem,
        }
    }
}

/// The error of a handler is answered as its [`Problem`].
impl From<Error> for actix_web::Error {
    fn from(error: Error) -> Self {
        Problem::from(error).into()
    }
}
