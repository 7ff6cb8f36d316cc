//! A concurrency limiter: how many requests a replica has at once, and how long others queue for that.
//!
//! A burst is queued. During overload, queued requests are rejected almost at once: a late answer helps nobody, and the
//! requests that are admitted are served as fast as ever.

use super::adaptive::{AdaptiveLimit, LimitChange};
use super::overload::OverloadDetector;
use shared_web::metrics::LimitHits;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, sleep_until};

/// The longest that a request queues without overload: enough for a full queue at a slow service.
pub(super) const MAX_QUEUE_WAIT: Duration = Duration::from_secs(2);
/// The longest that a request queues during overload.
pub(super) const MAX_QUEUE_WAIT_OVERLOADED: Duration = Duration::from_millis(5);

/// Limits the concurrent requests of one class at one replica.
pub(super) struct ConcurrencyLimiter {
    permits: Semaphore,
    adaptive: AdaptiveLimit,
    /// Permits out beyond the limit. Each one that is released pays back one of them.
    debt: AtomicUsize,
    queued: AtomicUsize,
    max_queued: usize,
    overload: OverloadDetector,
    hits: LimitHits,
}

impl ConcurrencyLimiter {
    pub(super) fn new(permits: usize, max_queued: usize, hits: LimitHits) -> Self {
        Self {
            permits: Semaphore::new(permits),
            adaptive: AdaptiveLimit::new(permits),
            debt: AtomicUsize::new(0),
            queued: AtomicUsize::new(0),
            max_queued,
            overload: OverloadDetector::new(),
            hits,
        }
    }

    /// Acquires a permit; `None` if none became available in time.
    pub(super) async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) => self.queue().await,
        };
        if permit.is_none() {
            self.hits.hit();
            self.overload.record_rejection();
        }
        permit
    }

    /// Queues for a permit. An error of the semaphore would say that it was closed, which it never is.
    async fn queue(&self) -> Option<SemaphorePermit<'_>> {
        let _queued = Queued::enter(&self.queued, self.max_queued)?;
        let started = Instant::now();
        let acquired = self.permits.acquire();
        let overloaded = self.overload.overloaded();
        tokio::pin!(acquired, overloaded);
        tokio::select! {
            biased;
            permit = &mut acquired => return permit.ok(),
            () = sleep(MAX_QUEUE_WAIT_OVERLOADED) => {}
        }
        overloaded.as_mut().enable();
        if self.overload.is_overloaded() {
            return None;
        }
        tokio::select! {
            biased;
            permit = acquired => permit.ok(),
            () = overloaded => None,
            () = sleep_until(started + MAX_QUEUE_WAIT) => None,
        }
    }

    /// Records the latency of a request that held a permit, and adjusts the limit.
    pub(super) fn record_latency(&self, latency: Duration) {
        self.adaptive.record_latency(latency, self.permits.available_permits());
        match self.adaptive.adjust(self.overload.is_overloaded(), self.overload.now()) {
            LimitChange::None => {}
            LimitChange::Decrease(fewer) => drop(self.debt.fetch_add(fewer, Ordering::Relaxed)),
            LimitChange::Increase(more) => (0..more).for_each(|_| self.release_over_limit()),
        }
    }

    /// Releases a permit.
    pub(super) fn release(&self, permit: SemaphorePermit<'_>) {
        if self.pay_back() {
            permit.forget();
        }
    }

    /// Counts a request that goes on without a permit.
    pub(super) fn acquire_over_limit(&self) {
        self.debt.fetch_add(1, Ordering::Relaxed);
    }

    /// Releases what [`Self::acquire_over_limit`] has counted.
    pub(super) fn release_over_limit(&self) {
        if !self.pay_back() {
            self.permits.add_permits(1);
        }
    }

    /// Acquires a permit if one is available now.
    pub(super) fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().ok()
    }

    /// The permits that are available, and those out beyond the limit.
    #[cfg(test)]
    pub(super) fn available_and_debt(&self) -> (usize, usize) {
        (self.permits.available_permits(), self.debt.load(Ordering::Relaxed))
    }

    /// Pays back one permit; false without debt.
    fn pay_back(&self) -> bool {
        self.debt.load(Ordering::Relaxed) > 0
            && self
                .debt
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |debt| debt.checked_sub(1))
                .is_ok()
    }
}

/// A place in the queue, left on drop.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    /// Enters the queue, unless it is full.
    fn enter(queued: &'a AtomicUsize, max: usize) -> Option<Self> {
        let place = Self(queued);
        (queued.fetch_add(1, Ordering::Relaxed) < max).then_some(place)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
