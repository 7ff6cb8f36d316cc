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
pub(crate) enum Refusal {
    /// A unique index refused it. It may be our own write, made before the connection died.
    Duplicate,
    /// It may be there or not; only a look tells.
    Unknown,
    /// It was not made.
    Failed,
}

/// Sorts the failure of a write.
pub(crate) fn refusal(error: &MongoError) -> Refusal {
    match &*error.kind {
        kind if code(kind) == Some(DUPLICATE) => Refusal::Duplicate,
        kind if is_unconfirmed(kind) => Refusal::Unknown,
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => Refusal::Unknown,
        kind if code(kind).is_some_and(|code| PASSING.contains(&code)) => Refusal::Unknown,
        // The first of many may be there.
        ErrorKind::InsertMany(_) => Refusal::Unknown,
        _ => Refusal::Failed,
    }
}

/// Whether the server may be well again soon.
pub(crate) fn is_passing(error: &MongoError) -> bool {
    match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown => true,
        kind if is_unconfirmed(kind) => true,
        kind if code(kind).is_some_and(|code| PASSING.contains(&code)) => true,
        _ => error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR),
    }
}

/// The code with which the server refused a command, or the first document that it did not take.
fn code(kind: &ErrorKind) -> Option<i32> {
    match kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => error.write_errors.iter().flatten().map(|error| error.code).next(),
        _ => None,
    }
}

/// Whether a write was made here, but not confirmed by as many servers as it must be.
const fn is_unconfirmed(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::InsertMany(error) => error.write_concern_error.is_some(),
        _ => false,
    }
}

/// The same failure, for another who waited for the same command.
pub(crate) fn alike(error: &Error) -> Error {
    match error {
        Error::ChatNotFound => Error::ChatNotFound,
        Error::BranchNotFound => Error::BranchNotFound,
        Error::HeadMoved { head } => Error::HeadMoved { head: *head },
        Error::KeyReused => Error::KeyReused,
        Error::Store(StoreError::Unavailable(reason)) => unavailable(reason.to_string()),
        Error::Store(StoreError::Failed(reason)) => broken(reason.to_string()),
        other => broken(other.to_string()),
    }
}

impl From<MongoError> for Error {
    fn from(error: MongoError) -> Self {
        if is_passing(&error) { unavailable(error) } else { broken(error) }
    }
}

/// 503: trying again may help.
pub(crate) fn unavailable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Unavailable(reason.into()))
}

/// 500: this must not happen.
pub(crate) fn broken(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Failed(reason.into()))
}
