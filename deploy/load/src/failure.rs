//! The error that ends a run.

use std::fmt;

/// The error that ends the run.
#[derive(thiserror::Error)]
#[error("{0}")]
pub(crate) struct Failure(String);

impl fmt::Debug for Failure {
    /// The same line as `Display`, because this is what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self(shared::error::causes(&error))
    }
}

impl Failure {
    /// A failure with this message.
    pub(crate) fn new(line: impl Into<String>) -> Self {
        Self(line.into())
    }
}
