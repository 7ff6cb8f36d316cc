//! Why PostgreSQL was not reached, and whether it is worth to wait for it.

use super::sqlstate;
use crate::error::StoreError;
use diesel::ConnectionError;
use shared::error::StartError;
use shared::retry::RetryError;
use std::error::Error;
use std::io;

/// An attempt to connect that failed.
#[derive(Debug)]
pub(super) struct ConnectFailure {
    is_transient: bool,
    cause: String,
}

impl ConnectFailure {
    /// The settings cannot work.
    pub(super) fn of_settings(error: &dyn std::fmt::Display) -> Self {
        Self { is_transient: false, cause: error.to_string() }
    }

    pub(super) fn timed_out() -> Self {
        Self { is_transient: true, cause: "no answer in time".to_owned() }
    }

    /// Why it was not reached, and what to do about it.
    pub(super) fn into_cause_and_advice(self) -> (String, &'static str) {
        let advice = if self.is_transient {
            "start the server, or correct host and port in DATABASE_URL"
        } else {
            "correct DATABASE_URL: its user, password, database and sslmode"
        };
        (self.cause, advice)
    }

    /// What a service that is starting does about it.
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
                // A certificate that does not hold comes as data that is not valid.
                (None, Some(error)) => error.kind() != io::ErrorKind::InvalidData,
                // Connections are closed while the server starts or stops; all else is about passwords and TLS.
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
