//! What can go wrong, and how it is answered.

use crate::hasher::HashError;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use shared::identity::SigningError;
use shared::problem::{ApiError, Problem};
use shared::store::StoreError;
use std::time::Duration;

/// An error of the auth service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the token endpoint knows no such grant.
    #[error("The grant type is not supported")]
    UnsupportedGrantType,
    /// 401: name and password do not belong together, or nobody has the name.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// 401: the access token's user is gone, or the refresh token does not count.
    #[error("Invalid token")]
    InvalidToken,
    /// 403: the password that was given to confirm is not the user's.
    #[error("Wrong password")]
    WrongPassword,
    /// 403: users do not register here by themselves.
    #[error("Registration is closed")]
    RegistrationClosed,
    /// 404: nobody has this id. (Only services ask.)
    #[error("User not found")]
    UserNotFound,
    /// 409: somebody has the name.
    #[error("Username is taken")]
    UsernameTaken,
    /// 429: too many logins have failed. With the time after which the next one is tried.
    #[error("Too many failed logins, try again later")]
    TooManyFailures(Duration),
    /// 429: too many password grants from one address. With the seconds after which the next one is taken.
    #[error("Too many requests, try again later")]
    RateLimited(u64),
    /// 500: a token could not be made.
    #[error("a token could not be made")]
    Token(#[from] SigningError),
    /// 500: the machine gave no random bits.
    #[error("no random bits could be had")]
    Randomness,
    /// 503 when too many wait for it, else 500: a password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// 503 or 500: the database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl ApiError for Error {
    fn status(&self) -> StatusCode {
        match self {
            Self::UnsupportedGrantType => StatusCode::BAD_REQUEST,
            Self::InvalidCredentials | Self::InvalidToken => StatusCode::UNAUTHORIZED,
            Self::WrongPassword | Self::RegistrationClosed => StatusCode::FORBIDDEN,
            Self::UserNotFound => StatusCode::NOT_FOUND,
            Self::UsernameTaken => StatusCode::CONFLICT,
            Self::TooManyFailures(_) | Self::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Token(_) | Self::Randomness | Self::Hash(HashError::Failed(_)) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Hash(HashError::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Store(error) => error.status(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidToken => "invalid_token",
            Self::WrongPassword => "wrong_password",
            Self::RegistrationClosed => "registration_closed",
            Self::UserNotFound => "user_not_found",
            Self::UsernameTaken => "username_taken",
            Self::TooManyFailures(_) => "too_many_failed_logins",
            Self::RateLimited(_) => "rate_limited",
            Self::Token(_) | Self::Randomness | Self::Hash(HashError::Failed(_)) => "internal_error",
            Self::Hash(HashError::Busy) => "service_unavailable",
            Self::Store(error) => error.code(),
        }
    }

    fn decorate(&self, problem: Problem) -> Problem {
        match self {
            // RFC 6749, 5.2 has a name of its own for it.
            Self::UnsupportedGrantType => problem.with_member("error", self.code()),
            Self::RateLimited(seconds) => problem.with_header(RETRY_AFTER, HeaderValue::from(*seconds)),
            Self::TooManyFailures(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                problem.with_header(RETRY_AFTER, HeaderValue::from(seconds))
            }
            Self::InvalidCredentials
            | Self::InvalidToken
            | Self::WrongPassword
            | Self::RegistrationClosed
            | Self::UserNotFound
            | Self::UsernameTaken
            | Self::Token(_)
            | Self::Randomness
            | Self::Hash(_)
            | Self::Store(_) => problem,
        }
    }
}
