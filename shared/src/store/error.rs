//! What can go wrong with a store, sorted by what a client should do about it.

use crate::problem::ApiError;
use actix_web::http::StatusCode;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::PoolError;

/// A failure of the database. None of its text reaches a client.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// 503: the database does not answer, or has no connection to spare. Trying again may help.
    #[error("the database is not available")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// 500: a query failed.
    #[error("a query failed")]
    Query(#[source] DieselError),
    /// 500: the same with a store that is not of SQL.
    #[error("a query failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Whether a row was refused because of a unique index.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }
}

impl From<DieselError> for StoreError {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(kind, info) if is_out_of_reach(*kind, info.message()) => {
                Self::Unavailable(Box::new(error))
            }
            DieselError::BrokenTransactionManager => Self::Unavailable(Box::new(error)),
            _ => Self::Query(error),
        }
    }
}

/// PostgreSQL tells a shutdown, and that a statement or a lock took too long, only by its words, since diesel has no kind for it.
fn is_out_of_reach(kind: DatabaseErrorKind, message: &str) -> bool {
    match kind {
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => true,
        // The last two of these have a connection that is good, but a database that is not now.
        DatabaseErrorKind::Unknown => [
            "connection closed",
            "terminating connection",
            "shutting down",
            "starting up",
            "statement timeout",
            "lock timeout",
        ]
        .iter()
        .any(|words| message.contains(words)),
        _ => false,
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
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Query(_) | Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "service_unavailable",
            Self::Query(_) | Self::Failed(_) => "internal_error",
        }
    }
}
