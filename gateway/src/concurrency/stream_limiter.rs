//! Stream limiter: how many streams of events a replica has open at once.
//!
//! A stream stays open for minutes. So no request queues until one ends, and how long they take says nothing about the load.

use shared_web::metrics::LimitHits;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Limits the open streams of one replica.
pub(super) struct StreamLimiter {
    permits: Arc<Semaphore>,
    hits: LimitHits,
}

/// One stream of the limit, until drop.
pub(crate) struct StreamPermit {
    _permit: OwnedSemaphorePermit,
}

impl StreamLimiter {
    pub(super) fn new(permits: usize, hits: LimitHits) -> Self {
        Self { permits: Arc::new(Semaphore::new(permits)), hits }
    }

    /// Acquires a permit; `None` if none is available.
    pub(super) fn try_acquire(&self) -> Option<StreamPermit> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        permit.inspect_err(|_| self.hits.hit()).ok().map(|permit| StreamPermit { _permit: permit })
    }
}
