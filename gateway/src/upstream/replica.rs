//! A replica: one process of a service.

use super::outlier::{Failure, OutlierDetector};
use crate::concurrency::limits::ReplicaLimits;
use crate::log_target;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::time::Instant;

/// An address of a service, with its load and its health.
pub(crate) struct Replica {
    upstream: Upstream,
    pub(crate) address: SocketAddr,
    in_flight: AtomicUsize,
    retries: AtomicU64,
    outlier: OutlierDetector,
    /// How many requests it has at once.
    pub(crate) limits: ReplicaLimits,
}

impl Replica {
    pub(super) fn new(
        upstream: Upstream,
        address: SocketAddr,
        timeouts: Timeouts,
        limits: ReplicaLimits,
    ) -> Self {
        Self {
            upstream,
            address,
            in_flight: AtomicUsize::new(0),
            retries: AtomicU64::new(0),
            outlier: OutlierDetector::new(timeouts),
            limits,
        }
    }

    /// The requests of all workers that are in flight now.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Records that it is sent a request again, after an attempt that failed here or elsewhere.
    pub(crate) fn record_retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// The requests that it was sent again.
    pub(super) fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Whether it was not ejected, or has answered since.
    pub(super) fn is_up(&self) -> bool {
        self.outlier.is_up()
    }

    /// Whether it is ejected now.
    pub(crate) fn is_ejected(&self) -> bool {
        self.outlier.is_ejected()
    }

    /// When it failed last.
    pub(crate) fn last_failure(&self) -> Option<Instant> {
        self.outlier.last_failure()
    }

    /// Records that it has answered a request sent at this moment.
    pub(crate) fn record_success(&self, sent: Instant) {
        if self.outlier.record_success(sent) {
            self.log_return();
        }
    }

    /// Records a failure.
    pub(crate) fn record_failure(&self, failure: Failure, cause: &dyn std::error::Error) {
        if let Some(time) = self.outlier.record_failure(failure) {
            let (upstream, address) = (self.upstream.name(), self.address);
            let out_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let cause = shared::error::causes(cause);
            tracing::info!(target: log_target::REPLICA, upstream, %address, out_ms, %failure, cause, "a replica is left out");
        }
    }

    /// Records that it has passed a health check.
    pub(super) fn record_passed_check(&self) {
        if self.outlier.record_passed_check() {
            self.log_return();
        }
    }

    fn log_return(&self) {
        tracing::info!(target: log_target::REPLICA, upstream = self.upstream.name(), address = %self.address, "a replica is back");
    }
}

/// Counts a request as in flight at its replica, until drop.
pub(crate) struct InFlightGuard<R: Deref<Target = Replica>>(R);

impl<R: Deref<Target = Replica>> InFlightGuard<R> {
    pub(crate) fn new(replica: R) -> Self {
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
