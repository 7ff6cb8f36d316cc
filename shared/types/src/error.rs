//! Errors that end a program, faults of a database, and an error's chain of causes as one line.

use crate::env::ConfigError;

/// Why a service does not start, or has stopped. `Display` and `Debug` are one line, for the operator.
#[derive(thiserror::Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An error of the operating system: an address, a file, a limit.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The database cannot be used.
    #[error("{0}")]
    Store(String),
    /// Anything else that the service needs.
    #[error("{0}")]
    Setup(String),
}

impl std::fmt::Debug for StartError {
    /// The same as `Display`: a `main` that returns an error prints its `Debug`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A transient fault of a database: a retry may succeed. An error without a fault is one of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// The database does not answer in time, or the pool has no free connection.
    Unavailable,
    /// Another transaction holds a lock for too long.
    Locked,
    /// The database is read-only: a replica, or a file without write permission.
    ReadOnly,
    /// The database has no space left.
    Full,
}

/// An error of a database, for its user and for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFailure {
    /// The fault, if the error is one.
    pub fault: Option<StoreFault>,
    /// The error with its causes, for the log.
    pub cause: String,
}

/// An error with its chain of causes, in one line.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}
