//! A service may be started before its database: it waits.

use crate::error::StartError;
use std::time::Duration;

/// The pause after the first attempt; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause, so that a service is there soon after its database.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Why a database cannot be used.
#[derive(Debug)]
pub enum NoAnswer {
    /// It is not there yet, or not ready yet. The cause goes to the log, and must not hold a secret.
    Yet(String),
    /// It will not be better later: a wrong password, a wrong URL.
    Ever(StartError),
}

/// Tries until the database of the variable `variable` answers, or is known never to.
pub async fn until_it_answers<T, F>(variable: &str, attempt: impl Fn() -> F) -> Result<T, StartError>
where
    F: Future<Output = Result<T, NoAnswer>>,
{
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(NoAnswer::Ever(error)) => return Err(error),
            Err(NoAnswer::Yet(cause)) => {
                let pause_ms = pause.as_secs_f64() * 1e3;
                tracing::warn!(variable, cause, pause_ms, "the database does not answer yet");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
