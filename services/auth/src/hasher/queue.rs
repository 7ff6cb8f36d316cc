//! A bounded queue before bcrypt: one job a core runs on the blocking threads, and a bounded number waits.

use super::error::HashError;
use shared::service::Service;
use shared_web::metrics::Metrics;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Waiting jobs for each core.
const WAITING_PER_CORE: usize = 32;

/// The running and waiting jobs. Clones share them.
#[derive(Debug, Clone)]
pub(super) struct HashQueue {
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
    max_running: usize,
}

impl HashQueue {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let admitted = Arc::new(Semaphore::new(cores * (1 + WAITING_PER_CORE)));
        Self { admitted, running: Arc::new(Semaphore::new(cores)), max_running: cores }
    }

    /// Runs a job once a core is free. Fails at once if too many wait.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _admitted = self.admitted.try_acquire().map_err(|_| HashError::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| HashError::Busy)?;
        // The permit moves into the job, which goes on if the request is dropped.
        let result = tokio::task::spawn_blocking(move || {
            let result = job();
            drop(running);
            result
        });
        Ok(result.await?)
    }

    /// Registers gauges of running and waiting jobs, and of their maximums.
    pub(super) fn observe(&self, metrics: &Metrics) {
        let queue = self.clone();
        metrics.observe(move |readings| {
            let (running, waiting) = queue.jobs();
            let help = "Passwords that are hashed or checked now, and that wait for that";
            for (state, count) in [("running", running), ("waiting", waiting)] {
                readings.gauge("password_hash_jobs", help, Service::Auth, &[("state", state)], count);
            }
            let help = "The most passwords that are hashed or checked at once, and that may wait";
            for (state, count) in [("running", queue.max_running), ("waiting", queue.max_waiting())] {
                readings.gauge("password_hash_jobs_max", help, Service::Auth, &[("state", state)], count);
            }
        });
    }

    /// The running and the waiting jobs.
    fn jobs(&self) -> (usize, usize) {
        let running = self.max_running.saturating_sub(self.running.available_permits());
        let all = self.max_running + self.max_waiting();
        let admitted = all.saturating_sub(self.admitted.available_permits());
        // A job whose request was dropped still runs, and is not admitted any more.
        (running, admitted.saturating_sub(running))
    }

    fn max_waiting(&self) -> usize {
        self.max_running * WAITING_PER_CORE
    }

    /// Takes all permits, as a burst of requests would.
    #[cfg(test)]
    pub(super) async fn fill(&self) -> tokio::sync::OwnedSemaphorePermit {
        let all = u32::try_from(self.admitted.available_permits()).unwrap();
        Arc::clone(&self.admitted).acquire_many_owned(all).await.unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[tokio::test]
    async fn running_and_waiting_jobs_are_counted_apart() {
        let queue = HashQueue::new();
        assert_eq!(queue.jobs(), (0, 0));

        let cores = u32::try_from(queue.max_running).unwrap();
        let busy = Arc::clone(&queue.running).acquire_many_owned(cores).await.unwrap();
        let admitted = queue.admitted.acquire_many(cores).await.unwrap();
        let waits = queue.run(|| 7);
        tokio::pin!(waits);
        assert!((&mut waits).now_or_never().is_none());
        assert_eq!(queue.jobs(), (queue.max_running, 1));

        drop((busy, admitted));
        assert_eq!(waits.await.unwrap(), 7);
        assert_eq!(queue.jobs(), (0, 0));
    }
}
