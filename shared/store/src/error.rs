//! What can go wrong with a store, sorted by what a client should do about it.

use super::sqlite_error;
use super::sqlstate;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;
use shared::error::{StoreFailure, StoreFault, causes};
use std::error::Error;

type Cause = Box<dyn Error + Send + Sync>;

/// A failure of the database. None of its text reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or has no connection to spare. Trying again may help.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// Somebody else holds a lock for too long.
    #[error("the database is locked")]
    Locked(#[source] Cause),
    /// The database takes no writes: it is a replica, or can only be read.
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    /// The database has no space left.
    #[error("the database is full")]
    Full(#[source] Cause),
    /// A query failed.
    #[error("a query failed")]
    Query(#[source] DieselError),
    /// The same with a store that is not of SQL.
    #[error("a query failed")]
    Failed(#[source] Cause),
}

impl StoreError {
    /// Whether a row was refused because of a unique index.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }

    /// The fault of the database; `None` where it is the query that is wrong.
    pub fn fault(&self) -> Option<StoreFault> {
        match self {
            Self::Unavailable(_) => Some(StoreFault::Unavailable),
            Self::Locked(_) => Some(StoreFault::Locked),
            Self::ReadOnly(_) => Some(StoreFault::ReadOnly),
            Self::Full(_) => Some(StoreFault::Full),
            Self::Query(_) | Self::Failed(_) => None,
        }
    }

    /// The same with all that caused it, for who asks whether the database can be used.
    pub fn failure(&self) -> StoreFailure {
        StoreFailure { fault: self.fault(), cause: causes(self) }
    }

    /// Whether the same may succeed later.
    pub fn is_transient(&self) -> bool {
        self.fault().is_some()
    }

    pub(super) fn of(fault: StoreFault, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        match fault {
            StoreFault::Unavailable => Self::Unavailable(cause),
            StoreFault::Locked => Self::Locked(cause),
            StoreFault::ReadOnly => Self::ReadOnly(cause),
            StoreFault::Full => Self::Full(cause),
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match fault(&error) {
            Some(fault) => Self::of(fault, error),
            None => Self::Query(error),
        }
    }
}

/// What an error says of the database. PostgreSQL is asked by SQLSTATE, SQLite by its texts, which are the same everywhere.
pub(super) fn fault(error: &DieselError) -> Option<StoreFault> {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => Some(StoreFault::Unavailable),
        DieselError::DatabaseError(_, info) => match sqlstate::of_message(info.message()) {
            Some(code) => sqlstate::fault(code),
            None => sqlite_error::fault(info.message()),
        },
        _ => None,
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}
