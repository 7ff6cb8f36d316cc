//! The result of the last write to a SQLite file.

use super::error::fault;
use diesel::connection::{Instrumentation, InstrumentationEvent};
use shared::error::StoreFault;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The fault of the last write, if it failed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LastWrite {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    fault: Option<StoreFault>,
    /// How many faults there were.
    faults: u64,
}

impl LastWrite {
    /// The instrumentation of a connection that records the faults of its statements.
    pub(super) fn fault_observer(self) -> impl Instrumentation {
        move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event
                && let Some(fault) = fault(error)
            {
                self.record(Some(fault));
            }
        }
    }

    pub(super) fn record(&self, fault: Option<StoreFault>) {
        let mut state = self.state();
        state.fault = fault;
        state.faults += u64::from(fault.is_some());
    }

    pub(super) fn fault(&self) -> Option<StoreFault> {
        self.state().fault
    }

    /// How many faults there were.
    pub(super) fn faults(&self) -> u64 {
        self.state().faults
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
