//! The background task of the sweep.

use crate::store::{ContentStore, SweepStep};
use shared::error::causes;
use shared::tasks::Tasks;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The interval of sweeps without a wake-up: for what other processes have left, and for tombstones after their retention.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// The pause between two steps, in which others can write.
const PAUSE_BETWEEN_STEPS: Duration = Duration::from_millis(5);

/// Sweeps at start, at a wake-up, and every minute.
#[derive(Debug, Clone)]
pub struct Sweeper(Arc<Notify>);

impl Sweeper {
    /// Starts the task, until the service stops.
    pub fn spawn(store: ContentStore, tasks: &Tasks) -> Self {
        let woken = Arc::new(Notify::new());
        let sweeper = Self(Arc::clone(&woken));
        let stopping = tasks.stopping().clone();
        tasks.spawn(async move {
            loop {
                let step = store.sweep().await.unwrap_or_else(|error| {
                    tracing::error!(error = causes(&error), "what was deleted is not cleared away");
                    SweepStep::NothingDue
                });
                // A replica that sweeps goes on until nothing is due.
                let more = step == SweepStep::Taken;
                let pause = tokio::time::sleep(if more { PAUSE_BETWEEN_STEPS } else { SWEEP_INTERVAL });
                tokio::select! {
                    () = stopping.cancelled() => return,
                    () = woken.notified(), if !more => {}
                    () = pause => {}
                }
            }
        });
        sweeper
    }

    /// Wakes the sweep after a deletion.
    pub fn wake(&self) {
        self.0.notify_one();
    }
}
