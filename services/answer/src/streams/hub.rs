//! The runs that this replica owns or follows.

use super::log::RunLog;
use shared::ids::ResponseId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Logs = HashMap<ResponseId, Arc<RunLog>>;

/// The logs of runs, one for each that is owned or read here. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Hub(Arc<Mutex<Logs>>);

impl Hub {
    /// The log of a run. It is kept as long as somebody holds it.
    pub fn open(&self, id: ResponseId) -> Arc<RunLog> {
        Arc::clone(self.logs().entry(id).or_insert_with(|| Arc::new(RunLog::new(id))))
    }

    /// The logs that are to be polled: those that are read here, and that no owner writes. Forgets those that nobody holds.
    pub fn followed(&self) -> Vec<Arc<RunLog>> {
        let mut logs = self.logs();
        logs.retain(|_, log| Arc::strong_count(log) > 1);
        logs.values().filter(|log| !log.is_owned() && !log.is_closed()).cloned().collect()
    }

    fn logs(&self) -> MutexGuard<'_, Logs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
