//! Background tasks, and the graceful shutdown that waits for them.

use std::future::Future;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The background tasks of a service. They end when it stops, and the drain waits for their last step. Clones share them.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    draining: CancellationToken,
    stopping: CancellationToken,
    /// The runtime of the service. A handler's own runtime ends with the server's worker, before the drain.
    runtime: Option<Handle>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            runtime: Handle::try_current().ok(),
        }
    }
}

impl Tasks {
    /// Spawns work that goes on if the client disconnects, and that the drain waits for. It stays in the current span of the log.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let work = work.in_current_span();
        match &self.runtime {
            Some(runtime) => self.tracker.spawn_on(work, runtime),
            None => self.tracker.spawn(work),
        }
    }

    /// Runs `step` at once and then every `interval`, until the service stops. A step that has begun is finished.
    pub fn every<F, Fut>(&self, interval: Duration, mut step: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send,
    {
        self.every_while_busy(interval, interval, move || {
            let step = step();
            async move {
                step.await;
                false
            }
        });
    }

    /// Runs `step` at once and then every `interval`, until the service stops; after a step that says that there is more to do,
    /// the next one comes after `pause`. A step that has begun is finished.
    pub fn every_while_busy<F, Fut>(&self, interval: Duration, pause: Duration, mut step: F)
    where
        F: FnMut() -> Fut + Send + 'static,
        Fut: Future<Output = bool> + Send,
    {
        let stopping = self.stopping.clone();
        self.spawn(async move {
            loop {
                let wait = if step().await { pause } else { interval };
                if stopping.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                    return;
                }
            }
        });
    }

    /// The token that is cancelled at once when the service is told to stop, while it still accepts requests: what would outlast the
    /// drain, such as a stream of events, ends then.
    pub fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// Tells what would outlast the drain to end.
    pub fn drain(&self) {
        self.draining.cancel();
    }

    /// The token that is cancelled when the service begins to stop; loops end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Tells the tasks to end.
    pub fn stop(&self) {
        self.drain();
        self.stopping.cancel();
        self.tracker.close();
    }

    /// Tells the tasks to end, and waits until they have.
    pub async fn finished(&self) {
        self.stop();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    const INTERVAL: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn periodic_work_runs_at_once_and_every_interval_until_the_service_stops() {
        let (tasks, runs) = (Tasks::default(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&runs);
        tasks.every(INTERVAL, move || {
            counted.fetch_add(1, Ordering::Relaxed);
            std::future::ready(())
        });
        tokio::time::sleep(INTERVAL * 3 / 2).await;
        assert_eq!(runs.load(Ordering::Relaxed), 2);
        tasks.finished().await;
        tokio::time::sleep(INTERVAL * 3).await;
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_with_more_to_do_is_followed_after_the_pause_and_not_the_interval() {
        let (tasks, runs) = (Tasks::default(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&runs);
        tasks.every_while_busy(INTERVAL, Duration::from_millis(5), move || {
            std::future::ready(counted.fetch_add(1, Ordering::Relaxed) < 9)
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(runs.load(Ordering::Relaxed), 10, "nine with more to do, and the last");
        tasks.finished().await;
    }
}
