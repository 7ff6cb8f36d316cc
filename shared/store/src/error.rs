//! Errors of a store, by what a client should do.

use super::sqlite_error;
use super::sqlstate;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;
use shared::error::{StoreFailure, StoreFault, causes};
use std::error::Error;

type Cause = Box<dyn Error + Send + Sync>;

/// An error of the database. Its text never reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database does not answer, or the pool has no free connection. A retry may succeed.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// Another transaction holds a lock for too long.
    #[error("the database is locked")]
    Locked(#[source] Cause),
    /// The database is read-only: a replica, or a file without write permission.
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    /// The database has no space left.
    #[error("the database is full")]
    Full(#[source] Cause),
    /// A query failed.
    #[error("a query failed")]
    Query(#[source] DieselError),
    /// A query of a store without SQL failed.
    #[error("a query failed")]
    Failed(#[source] Cause),
}

impl StoreError {
    /// Whether a unique index was violated.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }

    /// The fault of the database; `None` if the query is wrong.
    pub fn fault(&self) -> Option<StoreFault> {
        match self {
            Self::Unavailable(_) => Some(StoreFault::Unavailable),
            Self::Locked(_) => Some(StoreFault::Locked),
            Self::ReadOnly(_) => Some(StoreFault::ReadOnly),
            Self::Full(_) => Some(StoreFault::Full),
            Self::Query(_) | Self::Failed(_) => None,
        }
    }

    /// The fault and the chain of causes, for readiness.
    pub fn failure(&self) -> StoreFailure {
        StoreFailure { fault: self.fault(), cause: causes(self) }
    }

    /// Whether a retry may succeed.
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

/// The fault of an error: PostgreSQL's by SQLSTATE, SQLite's by its text.
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
