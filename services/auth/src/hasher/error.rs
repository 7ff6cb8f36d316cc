//! Why a password could not be hashed.

use tokio::task::JoinError;

/// A password that could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// The hash could not be computed, or a stored one not be read.
    #[error("a password could not be hashed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<bcrypt::BcryptError> for HashError {
    fn from(error: bcrypt::BcryptError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<JoinError> for HashError {
    fn from(error: JoinError) -> Self {
        Self::Failed(Box::new(error))
    }
}
