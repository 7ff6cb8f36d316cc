//! Retries of an operation: exponential backoff with full jitter (Brooker, "Exponential Backoff and Jitter", AWS
//! Architecture Blog, 2015), bounded by a deadline.

use crate::error::Error;
use crate::store::mongo::client::connect::SERVER_SELECTION_TIMEOUT;
use crate::store::mongo::client::errors::unavailable;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// Bounds all attempts of one operation.
pub(crate) const RETRY_TIMEOUT: Duration = Duration::from_secs(5);
/// Bounds the read that confirms a write, at a server that has just failed.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(1);
/// How long before the deadline the last attempt begins: as long as one takes that finds no server.
const LAST_START_BEFORE_END: Duration = SERVER_SELECTION_TIMEOUT;
/// The longest pause after the first attempt. It doubles with each, up to [`MAX_BACKOFF`].
const MIN_BACKOFF: Duration = Duration::from_millis(2);
const MAX_BACKOFF: Duration = Duration::from_millis(16);

/// The deadline of an operation, and its next backoff.
#[derive(Debug)]
pub(crate) struct RetryDeadline {
    end: Instant,
    pause: Duration,
}

impl RetryDeadline {
    pub(crate) fn new() -> Self {
        Self { end: Instant::now() + RETRY_TIMEOUT, pause: MIN_BACKOFF }
    }

    /// Awaits the read that confirms a write, for at most [`CONFIRM_TIMEOUT`].
    pub(crate) async fn confirm<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        timeout_at(self.end.min(Instant::now() + CONFIRM_TIMEOUT), work).await.map_err(unavailable)
    }

    /// Waits until the deadline.
    pub(crate) async fn expired(&self) {
        sleep_until(self.end).await;
    }

    /// Waits until no attempt is to begin any more.
    pub(crate) async fn last_start(&self) {
        sleep_until(self.end - LAST_START_BEFORE_END).await;
    }

    /// Whether an attempt may still begin.
    pub(crate) fn allows_start(&self) -> bool {
        Instant::now() < self.end - LAST_START_BEFORE_END
    }

    /// Pauses before the next attempt, for a random part of the backoff (full jitter). An error if the deadline would pass meanwhile.
    pub(crate) async fn back_off(&mut self) -> Result<(), Error> {
        let pause = self.pause.mul_f64(fastrand::f64());
        if Instant::now() + pause >= self.end {
            return Err(unavailable("others came first for too long"));
        }
        sleep(pause).await;
        self.pause = (self.pause * 2).min(MAX_BACKOFF);
        Ok(())
    }
}
