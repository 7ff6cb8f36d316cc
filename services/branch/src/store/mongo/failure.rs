//! What can go wrong with MongoDB, sorted by what is to be done about it.

use crate::error::Error;
use mongodb::error::{Error as MongoError, ErrorKind, WriteFailure};
use shared::store::StoreError;

/// The code of a document that a unique index refuses.
const DUPLICATE: i32 = 11000;
/// The codes by which a server says that it steps down, shuts down, starts, or took too long.
const PASSING: [i32; 13] = [6, 7, 50, 89, 91, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435];

/// How a write failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A unique index refused it. It may be our own write, made before the connection died.
    Duplicate,
    /// It may be there or not; only a look tells.
    Unknown,
    /// It was not made.
    Failed,
}

/// Sorts the failure of a write.
pub(super) fn refusal(error: &MongoError) -> Refusal {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) if error.code == DUPLICATE => Refusal::Duplicate,
        ErrorKind::Command(error) if error.code == DUPLICATE => Refusal::Duplicate,
        ErrorKind::Write(WriteFailure::WriteConcernError(_))
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. } => Refusal::Unknown,
        ErrorKind::Command(error) if PASSING.contains(&error.code) => Refusal::Unknown,
        _ => Refusal::Failed,
    }
}

/// Whether the server may be well again soon.
pub(super) fn is_passing(error: &MongoError) -> bool {
    match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown
        | ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::Command(error) => PASSING.contains(&error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => PASSING.contains(&error.code),
        _ => error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR),
    }
}

impl From<MongoError> for Error {
    fn from(error: MongoError) -> Self {
        if is_passing(&error) { unavailable(error) } else { broken(error) }
    }
}

/// 503: trying again may help.
pub(super) fn unavailable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Unavailable(reason.into()))
}

/// 500: this must not happen.
pub(super) fn broken(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Failed(reason.into()))
}
