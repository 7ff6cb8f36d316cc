//! Why a transaction is rolled back.

use crate::error::Error;
use shared_store::StoreError;

/// Why a transaction is rolled back.
#[derive(Debug)]
pub(super) enum Abort {
    /// A row with this key or id exists.
    Exists,
    /// The operation fails with this error.
    Refused(Error),
}

impl From<diesel::result::Error> for Abort {
    fn from(error: diesel::result::Error) -> Self {
        Self::Refused(StoreError::from(error).into())
    }
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.into())
    }
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}
