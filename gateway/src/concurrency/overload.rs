//! Whether more have come for a while than are served.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// It is overcrowded where people were sent away for so long. A crowd that is a little too large is not sent away whole.
pub(super) const OVERLOAD_AFTER: Duration = Duration::from_millis(50);
/// With so long between two who are sent away, the second is the first of others.
pub(super) const OVERLOAD_FORGOTTEN_AFTER: Duration = Duration::from_millis(200);

/// Who was sent away lately.
pub(super) struct OverloadDetector {
    begun: Instant,
    /// When the first and the last of them were, in milliseconds since it has begun; 0 where nobody was.
    first: AtomicU64,
    last: AtomicU64,
    overloaded: Notify,
}

impl OverloadDetector {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            overloaded: Notify::new(),
        }
    }

    /// Milliseconds since it has begun; never 0.
    pub(super) fn now(&self) -> u64 {
        millis(self.begun.elapsed()).max(1)
    }

    /// Somebody is sent away.
    pub(super) fn record_rejection(&self) {
        let now = self.now();
        let last = self.last.swap(now, Ordering::Relaxed);
        if last == 0 || now.saturating_sub(last) >= millis(OVERLOAD_FORGOTTEN_AFTER) {
            self.first.store(now, Ordering::Relaxed);
        } else if self.is_overloaded() {
            self.overloaded.notify_waiters();
        }
    }

    /// Whether those who come now are more than are served.
    pub(super) fn is_overloaded(&self) -> bool {
        let (first, last) = (self.first.load(Ordering::Relaxed), self.last.load(Ordering::Relaxed));
        if last == 0 {
            return false;
        }
        let now = self.now();
        now.saturating_sub(last) < millis(OVERLOAD_FORGOTTEN_AFTER)
            && now.saturating_sub(first) >= millis(OVERLOAD_AFTER)
    }

    /// Waits until somebody is sent away while it is overcrowded.
    pub(super) fn overloaded(&self) -> Notified<'_> {
        self.overloaded.notified()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
