//! Failures to connect to PostgreSQL, transient or fatal.

use super::sqlstate;
use crate::error::StoreError;
use diesel::ConnectionError;
use shared::error::StartError;
use shared::retry::RetryError;
use std::error::Error;
use std::io;

/// A failed attempt to connect.
#[derive(Debug)]
pub(super) struct ConnectFailure {
    is_transient: bool,
    cause: String,
}

impl ConnectFailure {
    /// A fatal failure: the settings are wrong.
    pub(super) fn of_settings(error: &dyn std::fmt::Display) -> Self {
        Self { is_transient: false, cause: error.to_string() }
    }

    pub(super) fn timed_out() -> Self {
        Self { is_transient: true, cause: "no answer in time".to_owned() }
    }

    /// The cause, and advice for the operator.
    pub(super) fn into_cause_and_advice(self) -> (String, &'static str) {
        let advice = if self.is_transient {
            "start the server, or correct host and port in DATABASE_URL"
        } else {
            "correct DATABASE_URL: its user, password, database and sslmode"
        };
        (self.cause, advice)
    }

    /// The error of an attempt of [`shared::retry::retry_until`].
    pub(super) fn into_retry_error(self) -> RetryError {
        if self.is_transient {
            return RetryError::Transient(self.cause);
        }
        RetryError::Fatal(StartError::Store(format!("DATABASE_URL: cannot connect: {}", self.cause)))
    }
}

impl From<tokio_postgres::Error> for ConnectFailure {
    fn from(error: tokio_postgres::Error) -> Self {
        let is_transient =
            match (error.code(), error.source().and_then(|cause| cause.downcast_ref::<io::Error>())) {
                (Some(code), _) => sqlstate::fault(code.code()).is_some(),
                // rustls reports an invalid certificate as `InvalidData`.
                (None, Some(error)) => error.kind() != io::ErrorKind::InvalidData,
                // The server closes connections while it starts or stops; other errors are about passwords and TLS.
                (None, None) => error.is_closed(),
            };
        Self { is_transient, cause: shared::error::causes(&error) }
    }
}

impl From<io::Error> for ConnectFailure {
    fn from(error: io::Error) -> Self {
        Self { is_transient: true, cause: error.to_string() }
    }
}

impl From<ConnectionError> for ConnectFailure {
    fn from(error: ConnectionError) -> Self {
        let cause = shared::error::causes(&error);
        let is_transient = match error {
            ConnectionError::CouldntSetupConfiguration(error) => StoreError::from(error).is_transient(),
            _ => false,
        };
        Self { is_transient, cause }
    }
}

impl From<ConnectFailure> for ConnectionError {
    fn from(failure: ConnectFailure) -> Self {
        Self::BadConnection(failure.cause)
    }
}
