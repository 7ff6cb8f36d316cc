//! The background task of the report.

use super::reporter::{Progress, Reporter};
use super::sink::ActivitySink;
use shared::error::causes;
use shared::tasks::Tasks;
use std::time::Duration;

/// The interval of steps while all is reported.
const STEP_INTERVAL: Duration = Duration::from_secs(1);
/// The pause before the next step while there is more to report.
const PAUSE_BETWEEN_STEPS: Duration = Duration::from_millis(5);
/// The longest pause after failures. It doubles with each.
const MAX_BACKOFF: Duration = Duration::from_secs(8);

/// Starts the task, until the service stops.
pub(crate) fn spawn_reporter(
    mut reporter: Reporter,
    sink: impl ActivitySink + Send + Sync + 'static,
    tasks: &Tasks,
) {
    let stopping = tasks.stopping().clone();
    tasks.spawn(async move {
        let mut backoff = None;
        loop {
            let pause = match reporter.step(&sink).await {
                Ok(progress) => {
                    if backoff.take().is_some() {
                        tracing::info!("the activity of chats is reported again");
                    }
                    if progress == Progress::More { PAUSE_BETWEEN_STEPS } else { STEP_INTERVAL }
                }
                Err(error) => {
                    // Once, and not for each attempt.
                    if backoff.is_none() {
                        let error = causes(&error);
                        tracing::warn!(error, "the activity of chats is not reported, which is tried again");
                    }
                    let pause =
                        backoff.map_or(STEP_INTERVAL, |before: Duration| (before * 2).min(MAX_BACKOFF));
                    backoff = Some(pause);
                    pause
                }
            };
            if stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    });
}
