//! One process of a service.

use super::outlier::{Failure, OutlierDetector};
use crate::concurrency::limits::ReplicaLimits;
use crate::log_target;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::time::Instant;

/// An address that requests are sent to, and how it has fared with them.
pub(crate) struct Replica {
    upstream: Upstream,
    /// Where it is.
    pub(crate) address: SocketAddr,
    in_flight: AtomicUsize,
    retries: AtomicU64,
    standing: OutlierDetector,
    /// How many requests it may have.
    pub(crate) rooms: ReplicaLimits,
}

impl Replica {
    pub(super) fn new(
        upstream: Upstream,
        address: SocketAddr,
        patience: Timeouts,
        rooms: ReplicaLimits,
    ) -> Self {
        Self {
            upstream,
            address,
            in_flight: AtomicUsize::new(0),
            retries: AtomicU64::new(0),
            standing: OutlierDetector::new(patience),
            rooms,
        }
    }

    /// How many requests of all workers it has now.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// It is sent a request that was tried before, here or elsewhere.
    pub(crate) fn record_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// How often it was sent a request that was tried before.
    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Whether it is well, as far as is known: it has not been left out, or is back since.
    pub(super) fn is_up(&self) -> bool {
        self.standing.is_up()
    }

    /// Whether it is left out now.
    pub(crate) fn is_out(&self) -> bool {
        self.standing.is_out()
    }

    /// When it failed last.
    pub(crate) fn last_failure(&self) -> Option<Instant> {
        self.standing.last_failure()
    }

    /// It has answered a request that was sent at the moment `sent`.
    pub(crate) fn succeeded(&self, sent: Instant) {
        if self.standing.succeeded(sent) {
            self.tell_of_return();
        }
    }

    /// It has failed.
    pub(crate) fn failed(&self, failure: Failure, cause: &dyn std::error::Error) {
        if let Some(time) = self.standing.failed(failure) {
            let (upstream, address) = (self.upstream.name(), self.address);
            let out_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let cause = shared::problem::causes(cause);
            tracing::info!(target: log_target::REPLICA, upstream, %address, out_ms, %failure, cause, "a replica is left out");
        }
    }

    /// It has answered a check.
    pub(super) fn passed_check(&self) {
        if self.standing.passed_check() {
            self.tell_of_return();
        }
    }

    fn tell_of_return(&self) {
        tracing::info!(target: log_target::REPLICA, upstream = self.upstream.name(), address = %self.address, "a replica is back");
    }
}

/// A request on its way: its replica counts it until this is dropped.
pub(crate) struct InFlightGuard<R: Deref<Target = Replica>>(R);

impl<R: Deref<Target = Replica>> InFlightGuard<R> {
    /// Begins to count.
    pub(crate) fn on(replica: R) -> Self {
        replica.in_flight.fetch_add(1, Ordering::Relaxed);
        Self(replica)
    }
}

impl<R: Deref<Target = Replica>> Deref for InFlightGuard<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.0
    }
}

impl<R: Deref<Target = Replica>> Drop for InFlightGuard<R> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
