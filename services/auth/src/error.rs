//! What can go wrong.

use crate::hasher::HashError;
use shared::identity::SigningError;
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
