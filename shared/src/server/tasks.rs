//! Work that outlives the request that began it.

use std::future::Future;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The background work of a service: loops that end when it stops, and steps that the drain waits for.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
}

impl Tasks {
    /// Runs work that a client which leaves does not stop, and for whose end a stopping service waits.
    pub fn spawn<F>(&self, work: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tracker.spawn(work)
    }

    /// Is cancelled when the service begins to stop; loops end then.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Tells the loops to end.
    pub fn stop(&self) {
        self.stopping.cancel();
        self.tracker.close();
    }

    /// Waits until all work has ended.
    pub async fn finished(&self) {
        self.stop();
        self.tracker.wait().await;
    }
}
