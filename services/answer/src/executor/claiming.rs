//! Claiming runs, and stopping them.

use super::owner::Owner;
use super::replica::Executor;
use crate::store::{self, Run};
use shared::error::causes;
use shared::ids::ResponseId;
use shared_store::StoreError;

/// What became of an attempt to claim a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Execution {
    /// It is claimed, or nothing is to be done, or can be, just now.
    Done,
    /// Its model has as many runs as it may have, or one that has waited for longer.
    MustWait,
}

impl Executor {
    /// Claims a new run in the background; one that this replica does not get to is left to the queue.
    pub fn start(&self, run: &Run) {
        let (this, id, model) = (self.clone(), run.response_id, run.model.clone());
        // Readers that come now are to find the log that the owner writes.
        let log = self.parts().hub.open(id);
        self.parts().tasks.spawn(async move {
            if this.execute(id, &model).await == Execution::MustWait {
                // It may wait for an older one for which there is room.
                this.slot_freed().notify_one();
            }
            drop(log);
        });
    }

    /// Claims a run, and begins to answer it.
    pub(super) async fn execute(&self, id: ResponseId, model: &str) -> Execution {
        let parts = self.parts();
        if parts.tasks.stopping().is_cancelled() {
            return Execution::Done;
        }
        let max_runs = parts.models.find(Some(model)).and_then(|model| model.max_runs);
        match store::claim(&parts.store, id, self.id(), parts.timing.lease, max_runs).await {
            Ok(Some(run)) => {
                let (this, owner) = (self.clone(), Owner::new(self.clone(), run));
                parts.tasks.spawn(async move {
                    owner.answer().await;
                    if max_runs.is_some() {
                        this.slot_freed().notify_one();
                    }
                });
                Execution::Done
            }
            Ok(None) if max_runs.is_some() => Execution::MustWait,
            Ok(None) => Execution::Done,
            Err(error) => {
                tracing::warn!(error = causes(&error), run = %id, "a run cannot be claimed");
                Execution::Done
            }
        }
    }

    /// Stops a run: at once if this replica owns it, else as soon as its owner polls.
    pub async fn stop(&self, id: ResponseId) -> Result<(), StoreError> {
        let was_queued = store::stop(&self.parts().store, id).await?;
        self.own().stop(id);
        if was_queued {
            self.store_or_drop_own(id, None).await;
        }
        Ok(())
    }
}
