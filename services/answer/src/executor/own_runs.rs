//! The runs that this replica owns.

use shared::ids::ResponseId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// How an owner is told of what others have done to its run.
#[derive(Debug, Clone)]
pub struct Signals {
    /// The epoch in which the run is owned.
    pub epoch: i64,
    /// It shall stop.
    pub stop: CancellationToken,
    /// It belongs to another, or has ended.
    pub lost: CancellationToken,
}

/// The runs that this replica owns. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct OwnRuns(Arc<Mutex<HashMap<ResponseId, Signals>>>);

impl OwnRuns {
    /// Adds a run until the guard is dropped.
    pub fn add(&self, id: ResponseId, epoch: i64) -> (Signals, OwnRunGuard) {
        let signals = Signals { epoch, stop: CancellationToken::new(), lost: CancellationToken::new() };
        self.all().insert(id, signals.clone());
        (signals, OwnRunGuard { runs: self.clone(), id, epoch })
    }

    /// The ids and epochs of all.
    pub fn ids(&self) -> Vec<(ResponseId, i64)> {
        self.all().iter().map(|(id, signals)| (*id, signals.epoch)).collect()
    }

    /// The signals of a run in an epoch.
    pub fn get(&self, id: ResponseId, epoch: i64) -> Option<Signals> {
        self.all().get(&id).filter(|signals| signals.epoch == epoch).cloned()
    }

    /// Tells the owner of a run, if it is this replica, to stop.
    pub fn stop(&self, id: ResponseId) {
        if let Some(signals) = self.all().get(&id) {
            signals.stop.cancel();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ResponseId, Signals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A run is owned as long as this lives.
#[derive(Debug)]
pub struct OwnRunGuard {
    runs: OwnRuns,
    id: ResponseId,
    epoch: i64,
}

impl Drop for OwnRunGuard {
    fn drop(&mut self) {
        let mut all = self.runs.all();
        if all.get(&self.id).is_some_and(|signals| signals.epoch == self.epoch) {
            all.remove(&self.id);
        }
    }
}
