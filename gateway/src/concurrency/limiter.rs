//! How many requests a replica has at once, and how long others wait for that.
//!
//! A crowd that comes at once is let in one after the other. When more come for a time than are served, those who wait are
//! sent away almost at once: an answer that comes late helps nobody, and who gets in is served as fast as ever.

use super::adaptive::{AdaptiveLimit, LimitChange};
use super::overload::OverloadDetector;
use shared::metrics::LimitHits;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

/// How long one waits at most, where it is not overcrowded: as many as may wait, at a service that is not quick.
pub(super) const MAX_QUEUE_WAIT: Duration = Duration::from_secs(2);
/// The same where it is.
pub(super) const MAX_QUEUE_WAIT_OVERLOADED: Duration = Duration::from_millis(5);

/// The seats of one kind at one replica.
pub(super) struct ConcurrencyLimiter {
    seats: Semaphore,
    pace: AdaptiveLimit,
    /// Seats that are taken though there were none.
    owed: AtomicUsize,
    waiting: AtomicUsize,
    most_waiting: usize,
    crowd: OverloadDetector,
    hits: LimitHits,
}

impl ConcurrencyLimiter {
    pub(super) fn new(seats: usize, most_waiting: usize, hits: LimitHits) -> Self {
        Self {
            seats: Semaphore::new(seats),
            pace: AdaptiveLimit::new(seats),
            owed: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            most_waiting,
            crowd: OverloadDetector::new(),
            hits,
        }
    }

    /// A seat; `None` says that there is none, and was none in time.
    pub(super) async fn enter(&self) -> Option<SemaphorePermit<'_>> {
        let permit = match self.seats.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => self.wait().await,
        };
        if permit.is_none() {
            self.hits.hit();
            self.crowd.record_rejection();
        }
        permit
    }

    /// An error of the semaphore would say that it was closed, which it never is.
    async fn wait(&self) -> Option<SemaphorePermit<'_>> {
        let _waiter = Waiter::among(&self.waiting, self.most_waiting)?;
        let begun = Instant::now();
        let acquired = self.seats.acquire();
        let overloaded = self.crowd.overloaded();
        tokio::pin!(acquired, overloaded);
        tokio::select! {
            biased;
            permit = &mut acquired => return permit.ok(),
            () = sleep(MAX_QUEUE_WAIT_OVERLOADED) => {}
        }
        overloaded.as_mut().enable();
        if self.crowd.is_overloaded() {
            return None;
        }
        tokio::select! {
            biased;
            permit = acquired => permit.ok(),
            () = overloaded => None,
            () = sleep_until(begun + MAX_QUEUE_WAIT) => None,
        }
    }

    /// A request was answered that had a seat for so long.
    pub(super) fn took(&self, time: Duration) {
        self.pace.took(time, self.seats.available_permits());
        match self.pace.change(self.crowd.is_overloaded(), self.crowd.now()) {
            LimitChange::None => {}
            LimitChange::Fewer(fewer) => drop(self.owed.fetch_add(fewer, Ordering::Relaxed)),
            LimitChange::More(more) => (0..more).for_each(|_| self.free_owed()),
        }
    }

    /// A seat is free.
    pub(super) fn free(&self, permit: SemaphorePermit<'_>) {
        if self.pays_back() {
            permit.forget();
        }
    }

    /// A seat is taken though there is none.
    pub(super) fn owe(&self) {
        self.owed.fetch_add(1, Ordering::Relaxed);
    }

    /// A seat is free that was taken though there was none.
    pub(super) fn free_owed(&self) {
        if !self.pays_back() {
            self.seats.add_permits(1);
        }
    }

    /// One that is free now, if there is one.
    pub(super) fn try_enter(&self) -> Option<SemaphorePermit<'_>> {
        self.seats.try_acquire().ok()
    }

    /// The seats that are free, and those that are owed.
    #[cfg(test)]
    pub(super) fn free_and_owed(&self) -> (usize, usize) {
        (self.seats.available_permits(), self.owed.load(Ordering::Relaxed))
    }

    /// Whether a seat that is free now is one that was owed.
    fn pays_back(&self) -> bool {
        self.owed.load(Ordering::Relaxed) > 0
            && self
                .owed
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |owed| owed.checked_sub(1))
                .is_ok()
    }
}

/// One who waits, counted until this is dropped.
struct Waiter<'a>(&'a AtomicUsize);

impl<'a> Waiter<'a> {
    fn among(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let waiter = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < most).then_some(waiter)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
