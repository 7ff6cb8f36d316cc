//! Work that outlives the request that began it.

use std::future::Future;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The background work of a service: loops that end when it stops, and steps that the drain waits for.
#[derive(Debug, Clone)]
pub struct Tasks {
    tracker: TaskTracker,
    stopping: CancellationToken,
    /// The runtime that this was made on. A handler's own ends with the server's worker, and so before the drain.
    runtime: Option<Handle>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self {
            tracker: TaskTracker::new(),
            stopping: CancellationToken::new(),
            runtime: Handle::try_current().ok(),
        }
    }
}

impl Tasks {
    /// Runs work that a client which leaves does not stop, and for whose end a stopping service waits. In the log it stays
    /// part of the request that began it.
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
