//! Overload detection: whether more requests have come for a while than are served.
//!
//! The detector reports overload once requests were rejected for [`OVERLOAD_AFTER`]. The idea is `CoDel`'s (RFC 8289): how long a
//! queue stands counts, not how long it is. Unlike `CoDel`, the detector measures no delay in the queue.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// Rejections over this time are overload. A burst that is a little too large is not rejected whole.
pub(super) const OVERLOAD_AFTER: Duration = Duration::from_millis(50);
/// After this time without a rejection, the next one begins a new series.
pub(super) const OVERLOAD_FORGOTTEN_AFTER: Duration = Duration::from_millis(200);

/// Detects overload from rejected requests.
pub(super) struct OverloadDetector {
    started: Instant,
    /// When the first and the last rejection of the series were, in milliseconds since `started`; 0 before the first.
    first_rejection: AtomicU64,
    last_rejection: AtomicU64,
    overloaded: Notify,
}

impl OverloadDetector {
    /// A detector without rejections.
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            first_rejection: AtomicU64::new(0),
            last_rejection: AtomicU64::new(0),
            overloaded: Notify::new(),
        }
    }

    /// Milliseconds since the start; never 0.
    pub(super) fn now(&self) -> u64 {
        millis(self.started.elapsed()).max(1)
    }

    /// Records that a request was rejected.
    pub(super) fn record_rejection(&self) {
        let now = self.now();
        let last = self.last_rejection.swap(now, Ordering::Relaxed);
        if last == 0 || now.saturating_sub(last) >= millis(OVERLOAD_FORGOTTEN_AFTER) {
            self.first_rejection.store(now, Ordering::Relaxed);
        } else if self.is_overloaded() {
            self.overloaded.notify_waiters();
        }
    }

    /// Whether requests have been rejected for [`OVERLOAD_AFTER`], the last one within [`OVERLOAD_FORGOTTEN_AFTER`].
    pub(super) fn is_overloaded(&self) -> bool {
        let first = self.first_rejection.load(Ordering::Relaxed);
        let last = self.last_rejection.load(Ordering::Relaxed);
        if last == 0 {
            return false;
        }
        let now = self.now();
        now.saturating_sub(last) < millis(OVERLOAD_FORGOTTEN_AFTER)
            && now.saturating_sub(first) >= millis(OVERLOAD_AFTER)
    }

    /// Waits until a request is rejected during overload.
    pub(super) fn overloaded(&self) -> Notified<'_> {
        self.overloaded.notified()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
