//! The executor of this replica: what it is made of.

use super::own_runs::OwnRuns;
use crate::clients::Branches;
use crate::domain::Timing;
use crate::keyring::Keyring;
use crate::metrics::RunMetrics;
use crate::models::Models;
use crate::streams::Hub;
use ring::hmac;
use shared::ids::{ChatId, ReplicaId};
use shared::tasks::Tasks;
use shared_store::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Executes runs. Cheap to clone.
#[derive(Clone)]
pub struct Executor(Arc<Replica>);

struct Replica {
    id: ReplicaId,
    own: OwnRuns,
    /// A model with a limit has one run less.
    slot_freed: Notify,
    parts: ExecutorParts,
}

/// What an executor is made of.
pub struct ExecutorParts {
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
    /// Decrypts users' own keys; none where they have none.
    pub user_keys: Option<Keyring>,
    /// How long a deleted account is remembered.
    pub account_retention: Duration,
}

impl Executor {
    /// An executor that does nothing yet.
    pub fn new(parts: ExecutorParts) -> Self {
        Self(Arc::new(Replica {
            id: ReplicaId::generate(),
            own: OwnRuns::default(),
            slot_freed: Notify::new(),
            parts,
        }))
    }

    /// What it is made of.
    pub fn parts(&self) -> &ExecutorParts {
        &self.0.parts
    }

    /// Its id.
    pub(super) fn id(&self) -> ReplicaId {
        self.0.id
    }

    /// The runs that it owns.
    pub(super) fn own(&self) -> &OwnRuns {
        &self.0.own
    }

    /// Notified when a model with a limit has one run less.
    pub(super) fn slot_freed(&self) -> &Notify {
        &self.0.slot_freed
    }

    /// Waits until the service stops, and until its runs have had their time to end after that.
    pub(super) async fn drained(&self) {
        self.parts().tasks.stopping().cancelled().await;
        tokio::time::sleep(self.parts().drain).await;
    }

    /// The name under which a provider caches the prompts of a chat: all branches have the same, and it does not tell which chat it is.
    pub(super) fn prompt_cache_key(&self, chat: ChatId) -> String {
        let tag = hmac::sign(&self.parts().cache_key, chat.as_uuid().as_bytes());
        let name = tag.as_ref().first_chunk().map(|bytes| u128::from_be_bytes(*bytes));
        format!("{:032x}", name.unwrap_or_default())
    }
}
