//! The driver's connections, counted by what it tells of them: it has no other way to ask.

use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;
use shared::metrics::ConnectionPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The connections to all servers together.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// To one server.
    max: AtomicU32,
    open: AtomicUsize,
    used: AtomicUsize,
    waiting: AtomicUsize,
}

impl Connections {
    /// Counts what the driver tells.
    pub(crate) fn handler(self: &Arc<Self>) -> EventHandler<CmapEvent> {
        let connections = Arc::clone(self);
        EventHandler::callback(move |event| connections.hear(&event))
    }

    /// So many there may be to one server.
    pub(crate) fn may_be(&self, max: u32) {
        self.max.store(max, Ordering::Relaxed);
    }

    fn hear(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => up(&self.open),
            CmapEvent::ConnectionClosed(_) => down(&self.open),
            CmapEvent::ConnectionCheckoutStarted(_) => up(&self.waiting),
            CmapEvent::ConnectionCheckoutFailed(_) => down(&self.waiting),
            CmapEvent::ConnectionCheckedOut(_) => {
                down(&self.waiting);
                up(&self.used);
            }
            CmapEvent::ConnectionCheckedIn(_) => down(&self.used),
            _ => {}
        }
    }

    /// How they stand.
    pub(crate) fn state(&self) -> ConnectionPool {
        let max = usize::try_from(self.max.load(Ordering::Relaxed)).unwrap_or(usize::MAX);
        let used = self.used.load(Ordering::Relaxed);
        let idle = self.open.load(Ordering::Relaxed).saturating_sub(used);
        ConnectionPool { name: "mongodb", used, idle, max, waiting: self.waiting.load(Ordering::Relaxed) }
    }
}

fn up(count: &AtomicUsize) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn down(count: &AtomicUsize) {
    // An error says that it is 0 already.
    let _ = count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_sub(1));
}
