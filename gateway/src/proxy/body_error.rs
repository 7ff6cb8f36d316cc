//! Why a request's body ends before it is complete.

use crate::error::Error;
use shared_web::body_limits::OutOfMemory;

/// Why a body ended before it was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// The body is over this limit, in bytes.
    TooLarge(usize),
    /// The user has written as many bytes as are allowed; with the seconds after which more are.
    RateLimited(u64),
    /// There is no memory for the body.
    OutOfMemory(OutOfMemory),
    /// The client has broken the body off.
    ClientAborted,
}

impl From<BodyError> for Error {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge(max_bytes) => Self::BodyTooLarge(max_bytes),
            BodyError::RateLimited(seconds) => Self::RateLimited(seconds),
            BodyError::OutOfMemory(error) => error.into(),
            BodyError::ClientAborted => Self::BodyBroken,
        }
    }
}
