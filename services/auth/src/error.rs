//! The errors of the service.

use crate::hasher::HashError;
use shared_store::StoreError;
use shared_web::tokens::SigningError;
use std::time::Duration;

/// An error of the auth service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the token endpoint does not support the grant.
    #[error("The grant type is not supported")]
    UnsupportedGrantType,
    /// 401: unknown name or wrong password.
    #[error("Invalid credentials")]
    InvalidCredentials,
    /// 401: the access token's user is deleted, or the refresh token is not valid.
    #[error("Invalid token")]
    InvalidToken,
    /// 403: the confirming password is wrong.
    #[error("Wrong password")]
    WrongPassword,
    /// 403: registration is closed.
    #[error("Registration is closed")]
    RegistrationClosed,
    /// 404: no user has this id (internal endpoint).
    #[error("User not found")]
    UserNotFound,
    /// 409: the name is taken.
    #[error("Username is taken")]
    UsernameTaken,
    /// 429: too many failed logins. With the wait before the next attempt.
    #[error("Too many failed logins, try again later")]
    TooManyFailures(Duration),
    /// 429: too many password grants from one address. With the seconds to wait.
    #[error("Too many requests, try again later")]
    RateLimited(u64),
    /// 500: a token could not be signed.
    #[error("a token could not be made")]
    Token(#[from] SigningError),
    /// 500: no random bits.
    #[error("no random bits could be had")]
    Randomness,
    /// 503 for a full queue, else 500: a password could not be hashed.
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
