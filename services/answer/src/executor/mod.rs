//! The execution of runs: this replica claims them, asks their models, flushes what they say, seals and stores it, and looks after the
//! runs of replicas that are gone.

mod context;
mod owner;
mod own_runs;
mod producer;
mod recovery;
mod settle;
mod transcript;

pub use context::{Asked, gather};

use crate::clients::Branches;
use crate::domain::Timing;
use crate::metrics::RunMetrics;
use crate::models::Models;
use crate::store::{self, Run};
use crate::streams::Hub;
use own_runs::OwnRuns;
use owner::Owner;
use ring::hmac;
use shared::error::causes;
use shared::ids::{ChatId, ReplicaId, ResponseId};
use shared::tasks::Tasks;
use shared_store::{Store, StoreError};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

/// The bytes of the name under which prompts are cached.
const CACHE_KEY_BYTES: usize = 16;

/// Executes runs. Cheap to clone.
#[derive(Clone)]
pub struct Executor(Arc<Replica>);

struct Replica {
    id: ReplicaId,
    own: OwnRuns,
    parts: Parts,
}

/// What an executor is made of.
pub struct Parts {
    /// The runs.
    pub store: Store,
    /// The lines, and where answers are stored.
    pub branches: Branches,
    /// The models.
    pub models: Models,
    /// The logs of runs, for readers on this replica.
    pub hub: Hub,
    /// The times.
    pub timing: Timing,
    /// How long runs go on when the service stops.
    pub drain: Duration,
    /// The background tasks.
    pub tasks: Tasks,
    /// The metrics.
    pub metrics: RunMetrics,
    /// The key of the names under which providers cache prompts.
    pub cache_key: hmac::Key,
}

impl Executor {
    /// An executor that does nothing yet.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Replica { id: ReplicaId::generate(), own: OwnRuns::default(), parts }))
    }

    /// What it is made of.
    pub fn parts(&self) -> &Parts {
        &self.0.parts
    }

    fn own(&self) -> &OwnRuns {
        &self.0.own
    }

    /// Claims a new run in the background; one that this replica does not get to is left to the queue.
    pub fn start(&self, run: &Run) {
        let (this, id, model) = (self.clone(), run.response_id, run.model.clone());
        // Readers that come now are to find the log that the owner writes.
        let log = self.parts().hub.open(id);
        self.parts().tasks.spawn(async move {
            this.execute(id, &model).await;
            drop(log);
        });
    }

    /// Claims a run, and begins to answer it. Returns false where its model has as many runs as it may have.
    async fn execute(&self, id: ResponseId, model: &str) -> bool {
        let parts = self.parts();
        if parts.tasks.stopping().is_cancelled() {
            return true;
        }
        let max_runs = parts.models.find(Some(model)).and_then(|model| model.max_runs);
        match store::claim(&parts.store, id, self.0.id, parts.timing.lease, max_runs).await {
            Ok(Some(run)) => {
                let (this, owner) = (self.clone(), Owner::new(self.clone(), run));
                parts.tasks.spawn(async move {
                    owner.answer().await;
                    if max_runs.is_some() && !this.parts().tasks.stopping().is_cancelled() {
                        this.claim_waiting(Duration::ZERO).await;
                    }
                });
                true
            }
            Ok(None) => max_runs.is_none(),
            Err(error) => {
                tracing::warn!(error = causes(&error), run = %id, "a run cannot be claimed");
                true
            }
        }
    }

    /// Stops a run: at once if this replica owns it, else as soon as its owner looks.
    pub async fn stop(&self, id: ResponseId) -> Result<(), StoreError> {
        let was_queued = store::stop(&self.parts().store, id).await?;
        self.own().stop(id);
        if was_queued {
            self.store_sealed().await?;
        }
        Ok(())
    }

    /// Waits until the service stops, and until its runs have had their time to end after that.
    async fn drained(&self) {
        self.parts().tasks.stopping().cancelled().await;
        tokio::time::sleep(self.parts().drain).await;
    }

    /// The name under which a provider caches the prompts of a chat: all branches have the same, and it does not tell which chat it is.
    fn prompt_cache_key(&self, chat: ChatId) -> String {
        let tag = hmac::sign(&self.parts().cache_key, chat.as_uuid().as_bytes());
        let mut name = String::with_capacity(2 * CACHE_KEY_BYTES);
        for byte in tag.as_ref().iter().take(CACHE_KEY_BYTES) {
            // Writing to a text does not fail.
            drop(write!(name, "{byte:02x}"));
        }
        name
    }
}
