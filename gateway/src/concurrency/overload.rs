//! Whether more have come for a while than are served.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::Instant;

/// It is overcrowded where people were sent away for so long. A crowd that is a little too large is not sent away whole.
pub(super) const STANDING: Duration = Duration::from_millis(50);
/// With so long between two who are sent away, the second is the first of others.
pub(super) const LATELY: Duration = Duration::from_millis(200);

/// Who was sent away lately.
pub(super) struct Crowd {
    begun: Instant,
    /// When the first and the last of them were, in milliseconds since it has begun; 0 where nobody was.
    first: AtomicU64,
    last: AtomicU64,
    overcrowded: Notify,
}

impl Crowd {
    /// Nobody.
    pub(super) fn new() -> Self {
        Self {
            begun: Instant::now(),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            overcrowded: Notify::new(),
        }
    }

    /// Milliseconds since it has begun; never 0.
    pub(super) fn now(&self) -> u64 {
        millis(self.begun.elapsed()).max(1)
    }

    /// Somebody is sent away.
    pub(super) fn sends_away(&self) {
        let now = self.now();
        let last = self.last.swap(now, Ordering::Relaxed);
        if last == 0 || now.saturating_sub(last) >= millis(LATELY) {
            self.first.store(now, Ordering::Relaxed);
        } else if self.is_overcrowded() {
            self.overcrowded.notify_waiters();
        }
    }

    /// Whether those who come now are more than are served.
    pub(super) fn is_overcrowded(&self) -> bool {
        let (first, last) = (self.first.load(Ordering::Relaxed), self.last.load(Ordering::Relaxed));
        if last == 0 {
            return false;
        }
        let now = self.now();
        now.saturating_sub(last) < millis(LATELY) && now.saturating_sub(first) >= millis(STANDING)
    }

    /// Waits until somebody is sent away while it is overcrowded.
    pub(super) fn overcrowded(&self) -> Notified<'_> {
        self.overcrowded.notified()
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
