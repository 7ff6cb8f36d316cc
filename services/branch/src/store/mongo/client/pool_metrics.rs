//! The driver's connection pool, counted from its events: it offers no other way.

use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use shared::pool_state::PoolState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The connections to all servers.
#[derive(Debug, Default)]
pub(crate) struct PoolGauges {
    /// For one server.
    max: AtomicU32,
    open: AtomicUsize,
    used: AtomicUsize,
    waiting: AtomicUsize,
}

impl PoolGauges {
    /// A handler that counts the events of the driver.
    pub(crate) fn handler(self: &Arc<Self>) -> EventHandler<CmapEvent> {
        let connections = Arc::clone(self);
        EventHandler::callback(move |event| connections.record(&event))
    }

    /// Sets the most connections to one server.
    pub(crate) fn set_max(&self, max: u32) {
        self.max.store(max, Ordering::Relaxed);
    }

    fn record(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => increment(&self.open),
            CmapEvent::ConnectionClosed(_) => decrement(&self.open),
            CmapEvent::ConnectionCheckoutStarted(_) => increment(&self.waiting),
            CmapEvent::ConnectionCheckoutFailed(_) => decrement(&self.waiting),
            CmapEvent::ConnectionCheckedOut(_) => {
                decrement(&self.waiting);
                increment(&self.used);
            }
            CmapEvent::ConnectionCheckedIn(_) => decrement(&self.used),
            _ => {}
        }
    }

    /// The present state.
    pub(crate) fn state(&self) -> PoolState {
        let max = usize::try_from(self.max.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let used = self.used.load(Ordering::Relaxed);
        let idle = self.open.load(Ordering::Relaxed).saturating_sub(used);
        PoolState { name: "mongodb", used, idle, max, waiting: self.waiting.load(Ordering::Relaxed) }
    }
}

fn increment(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn decrement(count: &AtomicUsize) {
    // An error means that it is 0 already.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
}
