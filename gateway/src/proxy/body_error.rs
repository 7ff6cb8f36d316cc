//! Why a request's body ends before it is complete, and what its client is told.

use crate::error::Error;
use shared::server::OutOfMemory;
use std::io;

/// Why a body ended before it was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is over this limit, in bytes.
    TooLarge(usize),
    /// With it, the user has written too much; with the seconds after which more is taken.
    RateLimited(u64),
    /// There is no memory for it.
    OutOfMemory(OutOfMemory),
    /// The client has broken it off.
    ByClient,
}

impl BodyError {
    /// What is answered.
    pub(super) fn tell(self) -> Error {
        match self {
            Self::TooLarge(max_bytes) => Error::BodyTooLarge(max_bytes),
            Self::RateLimited(seconds) => Error::RateLimited(seconds),
            Self::OutOfMemory(error) => error.into(),
            Self::ByClient => Error::BodyBroken,
        }
    }
}

/// Why a request is not sent on.
#[derive(Debug)]
pub(super) enum SendError {
    /// Its body ended.
    Stopped(BodyError),
    /// The service does not take it.
    Broken(io::Error),
}
