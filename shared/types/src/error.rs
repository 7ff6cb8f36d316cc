//! Errors that end a program, faults of a database, and errors in one line.

use crate::env::ConfigError;

/// Why a service does not start or has stopped: one line for who deploys it.
#[derive(thiserror::Error)]
pub enum StartError {
    /// A variable is missing or wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on, or a file not be used.
    #[error("{0}: {1}")]
    Io(String, std::io::Error),
    /// The database cannot be used.
    #[error("{0}")]
    Store(String),
    /// Something else that the service cannot do without.
    #[error("{0}")]
    Setup(String),
}

impl std::fmt::Debug for StartError {
    /// The same line as `Display`, because this is what `main` prints.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// A fault of a database, because of which trying again may help. An error of a database without one is an error of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// The database does not answer, not in time, or has no connection to spare.
    Unavailable,
    /// Somebody else holds a lock for too long.
    Locked,
    /// The database takes no writes: it is a replica, or can only be read.
    ReadOnly,
    /// The database has no space left.
    Full,
}

/// Why a database cannot be used now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFailure {
    /// Its fault, where it is known.
    pub fault: Option<StoreFault>,
    /// The error with all that caused it, for the log.
    pub cause: String,
}

/// An error with all that caused it, in one line.
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
