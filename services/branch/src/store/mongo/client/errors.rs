//! The driver's errors, classified by how to go on.

use crate::error::Error;
use mongodb::error::{Error as MongoError, ErrorKind, WriteFailure};
use shared_store::StoreError;

/// The server's code for a violation of a unique index.
const DUPLICATE_KEY_CODE: i32 = 11000;
/// The server's code for an index that is dropped, but is not there.
const INDEX_NOT_FOUND_CODE: i32 = 27;
/// The server's codes for a step-down, a shutdown, a start, or a time-out.
const TRANSIENT_CODES: [i32; 13] = [6, 7, 50, 89, 91, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435];

/// A failed write, by whether it was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// A unique index refused it. It may be this very write, executed before the connection broke.
    Duplicate,
    /// Executed or not: a read tells.
    Unknown,
    /// Not executed.
    Failed,
}

/// A write that was answered with an error.
#[derive(Debug)]
pub(crate) struct FailedWrite {
    pub(crate) kind: WriteError,
    pub(crate) error: Error,
}

impl FailedWrite {
    pub(crate) const fn not_executed(error: Error) -> Self {
        Self { kind: WriteError::Failed, error }
    }

    pub(crate) const fn unknown(error: Error) -> Self {
        Self { kind: WriteError::Unknown, error }
    }

    /// The result of one document of an unordered insert, which was answered with this error, or none.
    pub(crate) fn check_document(failed: Option<&MongoError>, position: usize) -> Result<(), Self> {
        failed.and_then(|error| Self::of_document(error, position)).map_or(Ok(()), Err)
    }

    /// The failure of one document of an unordered insert. `None` if it was inserted.
    fn of_document(error: &MongoError, position: usize) -> Option<Self> {
        let ErrorKind::InsertMany(failed) = &*error.kind else { return Some(error.into()) };
        let refused = failed.write_errors.iter().flatten().find(|refused| refused.index == position);
        let kind = match refused.map(|refused| refused.code) {
            Some(DUPLICATE_KEY_CODE) => WriteError::Duplicate,
            None if failed.write_concern_error.is_none() => return None,
            Some(_) | None => WriteError::Unknown,
        };
        Some(Self { kind, error: error.clone().into() })
    }

    /// Whether the write was not executed because no server could be reached.
    pub(crate) fn is_unreachable(&self) -> bool {
        self.kind == WriteError::Failed && is_unavailable(&self.error)
    }
}

impl From<&MongoError> for FailedWrite {
    fn from(error: &MongoError) -> Self {
        Self { kind: write_error(error), error: error.clone().into() }
    }
}

/// Classifies a failed write.
pub(crate) fn write_error(error: &MongoError) -> WriteError {
    match &*error.kind {
        kind if code(kind) == Some(DUPLICATE_KEY_CODE) => WriteError::Duplicate,
        kind if is_unconfirmed(kind) => WriteError::Unknown,
        ErrorKind::Io(_) | ErrorKind::ConnectionPoolCleared { .. } => WriteError::Unknown,
        kind if code(kind).is_some_and(|code| TRANSIENT_CODES.contains(&code)) => WriteError::Unknown,
        // The first documents may be inserted.
        ErrorKind::InsertMany(_) => WriteError::Unknown,
        _ => WriteError::Failed,
    }
}

/// Whether a retry may succeed soon.
pub(crate) fn is_transient(error: &MongoError) -> bool {
    match &*error.kind {
        ErrorKind::ServerSelection { .. }
        | ErrorKind::Io(_)
        | ErrorKind::ConnectionPoolCleared { .. }
        | ErrorKind::DnsResolve { .. }
        | ErrorKind::Shutdown => true,
        kind if is_unconfirmed(kind) => true,
        kind if code(kind).is_some_and(|code| TRANSIENT_CODES.contains(&code)) => true,
        _ => error.contains_label(mongodb::error::RETRYABLE_WRITE_ERROR),
    }
}

/// Whether a command has named an index that is not there.
pub(crate) fn is_index_not_found(error: &MongoError) -> bool {
    code(&error.kind) == Some(INDEX_NOT_FOUND_CODE)
}

/// The server's code for the command, or for the first document that it refused.
fn code(kind: &ErrorKind) -> Option<i32> {
    match kind {
        ErrorKind::Command(error) => Some(error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some(error.code),
        ErrorKind::InsertMany(error) => error.write_errors.iter().flatten().map(|error| error.code).next(),
        _ => None,
    }
}

/// Whether a write was executed, but not acknowledged by a majority in time.
const fn is_unconfirmed(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Write(WriteFailure::WriteConcernError(_)) => true,
        ErrorKind::InsertMany(error) => error.write_concern_error.is_some(),
        _ => false,
    }
}

/// A copy of an error, for another request that waited for the same command.
pub(crate) fn clone_error(error: &Error) -> Error {
    match error {
        Error::ChatNotFound => Error::ChatNotFound,
        Error::BranchNotFound => Error::BranchNotFound,
        Error::HeadMoved { branch, head } => Error::HeadMoved { branch: *branch, head: *head },
        Error::KeyReused => Error::KeyReused,
        Error::Store(StoreError::Unavailable(reason)) => unavailable(reason.to_string()),
        Error::Store(StoreError::Failed(reason)) => broken(reason.to_string()),
        other => broken(other.to_string()),
    }
}

impl From<MongoError> for Error {
    fn from(error: MongoError) -> Self {
        if is_transient(&error) { unavailable(error) } else { broken(error) }
    }
}

/// Whether a retry may succeed later.
pub(crate) const fn is_unavailable(error: &Error) -> bool {
    matches!(error, Error::Store(StoreError::Unavailable(_)))
}

/// The error of a statement that the server refused with this code.
pub(crate) fn refused(code: i32, reason: &str) -> Error {
    if TRANSIENT_CODES.contains(&code) { unavailable(reason) } else { broken(reason) }
}

/// 503: a retry may succeed.
pub(crate) fn unavailable(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Unavailable(reason.into()))
}

/// 500: a bug, or damaged data.
pub(crate) fn broken(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Store(StoreError::Failed(reason.into()))
}
