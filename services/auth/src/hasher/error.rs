//! Why a password could not be hashed.

use tokio::task::JoinError;

/// A failure to hash or check a password.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// The queue is full.
    #[error("too many passwords wait to be checked")]
    Busy,
    /// bcrypt failed, or a stored hash is malformed.
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
