//! Runs that stop once nobody listens.

use crate::store::{count_stream, stop_without_streams};
use shared::error::causes;
use shared::ids::ResponseId;
use shared::tasks::Tasks;
use shared_store::{Store, StoreError};
use std::time::Duration;

/// Stops a run a while after its last stream was cut off: it is dropped with the stream. A stream that is opened later, at any replica,
/// takes its place.
pub struct DisconnectGuard {
    store: Store,
    tasks: Tasks,
    run: ResponseId,
    number: i64,
    grace: Duration,
    is_armed: bool,
}

impl DisconnectGuard {
    /// The guard of a new stream; none if the run is gone.
    pub async fn open(
        store: &Store,
        tasks: &Tasks,
        run: ResponseId,
        grace: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let number = count_stream(store, run).await?;
        let (store, tasks) = (store.clone(), tasks.clone());
        Ok(number.map(|number| Self { store, tasks, run, number, grace, is_armed: true }))
    }

    /// The client has not gone: the run has ended, or the server stops.
    pub fn disarm(&mut self) {
        self.is_armed = false;
    }
}

impl Drop for DisconnectGuard {
    fn drop(&mut self) {
        if !self.is_armed {
            return;
        }
        stop_later(&self.store, &self.tasks, self.run, self.number, self.grace);
    }
}

/// Stops a run unless a stream is opened within `grace`: for a client that has gone before its first one.
pub fn stop_unless_read(store: &Store, tasks: &Tasks, run: ResponseId, grace: Duration) {
    stop_later(store, tasks, run, 0, grace);
}

fn stop_later(store: &Store, tasks: &Tasks, run: ResponseId, number: i64, grace: Duration) {
    let (store, stopping) = (store.clone(), tasks.stopping().clone());
    tasks.spawn(async move {
        if stopping.run_until_cancelled(tokio::time::sleep(grace)).await.is_none() {
            return;
        }
        if let Err(error) = stop_without_streams(&store, run, number).await {
            tracing::warn!(error = causes(&error), "a run without readers goes on");
        }
    });
}
