//! Writing what a model has said.

use super::{Owner, Step};
use crate::domain::{AnswerStatus, Finish};
use crate::store::{self, Flush, FlushResult, Seal};
use shared::error::causes;
use shared_store::StoreError;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause between two attempts to write, while the database is down.
const WRITE_PAUSE: Duration = Duration::from_millis(250);
/// A lease of which this part is over is renewed.
const RENEWED_SHARE: u32 = 3;

impl Owner {
    /// Flushes what is pending, with the end if there is one.
    pub(super) async fn flush(&mut self, seal: Option<Seal>) -> Step {
        self.note_first_token();
        let flush = Flush {
            response_id: self.run.response_id,
            epoch: self.run.epoch,
            from: self.transcript.flushed(),
            chunks: self.transcript.pending().to_vec(),
            lease: self.next_lease(seal.is_some()),
            seal,
        };
        let Some(stop_requested) = self.write(&flush).await else { return Step::Lost };
        self.has_talked |= !flush.chunks.is_empty();
        self.log.append(self.transcript.take_pending());
        if stop_requested { Step::Finish(Finish::of(AnswerStatus::Stopped)) } else { Step::Go }
    }

    /// The lease of a flush: heartbeats renew it, and others once a third of it is over.
    fn next_lease(&self, is_end: bool) -> Option<Duration> {
        let timing = self.executor.parts().timing;
        if is_end {
            return Some(timing.store_grace);
        }
        let is_due = self.renewed_at.elapsed() >= timing.lease / RENEWED_SHARE;
        (is_due || self.transcript.pending().is_empty()).then_some(timing.lease)
    }

    /// Writes a flush, again and again while the database is down and the lease lasts. Returns whether the run shall stop, `None` if it
    /// is lost.
    async fn write(&mut self, flush: &Flush) -> Option<bool> {
        let mut failures = 0_u32;
        loop {
            let began = Instant::now();
            let error = match self.attempt(flush, failures > 0).await {
                Ok(FlushResult::Written { stop_requested }) => {
                    self.executor.parts().metrics.flushed(began.elapsed());
                    self.flushed_at = began;
                    if flush.lease.is_some() {
                        self.renewed_at = began;
                    }
                    if failures > 0 {
                        let run = self.run.response_id;
                        tracing::info!(%run, failures, "what a model says is written again");
                    }
                    return Some(stop_requested);
                }
                Ok(FlushResult::Lost) => return None,
                Err(error) => error,
            };
            let is_over = self.renewed_at.elapsed() >= self.executor.parts().timing.lease;
            let gives_up = is_over || !error.is_transient();
            // The first and the last: a replica may have many runs, and an outage may be long.
            if failures == 0 || gives_up {
                let run = self.run.response_id;
                tracing::warn!(%run, gives_up, error = causes(&error), "what a model says cannot be written");
            }
            if gives_up {
                return None;
            }
            failures += 1;
            sleep(WRITE_PAUSE).await;
        }
    }

    async fn attempt(&self, flush: &Flush, is_uncertain: bool) -> Result<FlushResult, StoreError> {
        let store = &self.executor.parts().store;
        match store::flush(store, flush.clone()).await {
            // The response of an attempt before may have been lost.
            Ok(FlushResult::Lost) if is_uncertain && store::confirm_flush(store, flush).await? => {
                Ok(FlushResult::Written { stop_requested: false })
            }
            written => written,
        }
    }
}
