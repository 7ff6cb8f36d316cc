//! What can go wrong with a store, sorted by what a client should do about it.

use super::sqlite_error;
use super::sqlstate::{self, Trouble};
use crate::problem::ApiError;
use actix_web::http::StatusCode;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;
use std::error::Error;

type Cause = Box<dyn Error + Send + Sync>;

/// A failure of the database. None of its text reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// 503: the database does not answer, or has no connection to spare. Trying again may help.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// 503: somebody else holds a lock for too long.
    #[error("the database is locked")]
    Locked(#[source] Cause),
    /// 503: the database takes no writes: it is a replica, or can only be read.
    #[error("the database is read-only")]
    ReadOnly(#[source] Cause),
    /// 507: the database has no space left.
    #[error("the database is full")]
    Full(#[source] Cause),
    /// 500: a query failed.
    #[error("a query failed")]
    Query(#[source] DieselError),
    /// 500: the same with a store that is not of SQL.
    #[error("a query failed")]
    Failed(#[source] Cause),
}

impl StoreError {
    /// Whether a row was refused because of a unique index.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }

    /// Whether the same may succeed later: it is the database that is in trouble, and not the query that is wrong.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Locked(_) | Self::ReadOnly(_) | Self::Full(_) => true,
            Self::Query(_) | Self::Failed(_) => false,
        }
    }

    /// Why a service that meets this is not ready, in words for `/readyz`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::Query(_) | Self::Failed(_) => "the database does not answer",
            Self::Locked(_) => "the database is locked",
            Self::ReadOnly(_) => "the database is read-only",
            Self::Full(_) => "the database is full",
        }
    }

    pub(super) fn of(trouble: Trouble, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        match trouble {
            Trouble::Unavailable => Self::Unavailable(cause),
            Trouble::Locked => Self::Locked(cause),
            Trouble::ReadOnly => Self::ReadOnly(cause),
            Trouble::Full => Self::Full(cause),
        }
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match trouble(&error) {
            Some(trouble) => Self::of(trouble, error),
            None => Self::Query(error),
        }
    }
}

/// What an error says of the database. PostgreSQL is asked by SQLSTATE, SQLite by its texts, which are the same everywhere.
pub(super) fn trouble(error: &DieselError) -> Option<Trouble> {
    match error {
        DieselError::BrokenTransactionManager
        | DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        ) => Some(Trouble::Unavailable),
        DieselError::DatabaseError(_, info) => match sqlstate::of_message(info.message()) {
            Some(code) => sqlstate::trouble(code),
            None => sqlite_error::trouble(info.message()),
        },
        _ => None,
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl ApiError for StoreError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable(_) | Self::Locked(_) | Self::ReadOnly(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Query(_) | Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) | Self::Locked(_) | Self::ReadOnly(_) => "service_unavailable",
            Self::Full(_) => "insufficient_storage",
            Self::Query(_) | Self::Failed(_) => "internal_error",
        }
    }
}
