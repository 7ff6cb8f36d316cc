//! Retries with exponential backoff: a service may be started before its database.

use crate::error::StartError;
use crate::log_fields::millis;
use std::time::Duration;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::patience";
/// The pause after the first attempt. Each pause is twice the one before.
const INITIAL_BACKOFF: Duration = Duration::from_millis(250);
/// The longest pause, so that a service is ready soon after its database.
const MAX_BACKOFF: Duration = Duration::from_secs(3);

/// Why an attempt failed.
#[derive(Debug)]
pub enum RetryError {
    /// A retry may succeed: the database is not up yet. The cause goes to the log, and must not hold a secret.
    Transient(String),
    /// A retry cannot succeed: a wrong password, a wrong URL.
    Fatal(StartError),
}

/// Retries `attempt` until it succeeds or fails fatally. `variable` names the database in the log.
pub async fn retry_until<T, F>(variable: &str, attempt: impl Fn() -> F) -> Result<T, StartError>
where
    F: Future<Output = Result<T, RetryError>>,
{
    let mut pause = INITIAL_BACKOFF;
    loop {
        match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(RetryError::Fatal(error)) => return Err(error),
            Err(RetryError::Transient(cause)) => {
                let pause_ms = millis(pause);
                tracing::warn!(target: LOG_TARGET, variable, cause, pause_ms, "the database does not answer yet");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(MAX_BACKOFF);
    }
}
