//! The background task of the report.

use super::lag::ReportLag;
use super::reporter::{Progress, Reporter};
use super::sink::{ActivitySink, ReportError};
use shared::error::causes;
use shared::tasks::Tasks;
use shared_web::metrics::Metrics;
use std::time::Duration;

/// The interval of steps while all is reported.
const STEP_INTERVAL: Duration = Duration::from_secs(1);
/// The pause before the next step while there is more to report.
const PAUSE_BETWEEN_STEPS: Duration = Duration::from_millis(5);
/// The longest pause after failures. It doubles with each.
const MAX_BACKOFF: Duration = Duration::from_secs(8);
/// The failure in a row that is logged, and no other: the first may come while the services start.
const LOGGED_FAILURE: u32 = 2;

/// Starts the task, until the service stops.
pub(crate) fn spawn_reporter(
    mut reporter: Reporter,
    sink: impl ActivitySink + Send + Sync + 'static,
    tasks: &Tasks,
    metrics: &Metrics,
) {
    let lag = ReportLag::observed(reporter.clock().clone(), metrics);
    let (stopping, mut failures) = (tasks.stopping().clone(), Failures::default());
    tasks.spawn(async move {
        loop {
            let pause = match reporter.step(&sink).await {
                Ok(Progress::UpToDate) => {
                    failures.end();
                    lag.end();
                    STEP_INTERVAL
                }
                Ok(Progress::More) => {
                    failures.end();
                    lag.begin();
                    PAUSE_BETWEEN_STEPS
                }
                Err(error) => {
                    lag.begin();
                    failures.add(&error)
                }
            };
            if stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
    });
}

/// Failures in a row.
#[derive(Debug, Default)]
struct Failures(u32);

impl Failures {
    /// Counts a failure, and returns the pause after it.
    fn add(&mut self, error: &ReportError) -> Duration {
        self.0 = self.0.saturating_add(1);
        if self.0 == LOGGED_FAILURE {
            tracing::warn!(
                error = causes(error),
                "the activity of chats is not reported, which is tried again"
            );
        }
        STEP_INTERVAL.saturating_mul(2_u32.saturating_pow(self.0 - 1)).min(MAX_BACKOFF)
    }

    fn end(&mut self) {
        if self.0 >= LOGGED_FAILURE {
            tracing::info!("the activity of chats is reported again");
        }
        self.0 = 0;
    }
}
