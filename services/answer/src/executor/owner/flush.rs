//! Writing what a model has said.

use super::{Owner, Step};
use crate::domain::{AnswerStatus, Finish};
use crate::store::{self, Flush, FlushResult, Seal};
use shared::error::causes;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The pause between two attempts to write, while the database is down.
const WRITE_PAUSE: Duration = Duration::from_millis(250);

impl Owner {
    /// Flushes what is pending, with the end if there is one.
    pub(super) async fn flush(&mut self, seal: Option<Seal>) -> Step {
        self.note_first_token();
        let timing = self.executor.parts().timing;
        let flush = Flush {
            response_id: self.run.response_id,
            epoch: self.run.epoch,
            from: self.said.flushed(),
            chunks: self.said.pending().to_vec(),
            lease: if seal.is_some() { timing.store_grace } else { timing.lease },
            seal,
        };
        let Some(cancel) = self.write(&flush).await else { return Step::Lost };
        self.has_talked |= !flush.chunks.is_empty();
        self.log.append(self.said.take_pending());
        if cancel { Step::End(Finish::of(AnswerStatus::Stopped)) } else { Step::Go }
    }

    /// Writes a flush, again and again while the database is down and the lease lasts. Returns whether the run shall stop, `None` if it
    /// is lost.
    async fn write(&mut self, flush: &Flush) -> Option<bool> {
        let store = self.executor.parts().store.clone();
        let mut is_uncertain = false;
        loop {
            let began = Instant::now();
            let written = match store::flush(&store, flush.clone()).await {
                // The response of an attempt before may have been lost.
                Ok(FlushResult::Lost) if is_uncertain => match store::confirm_flush(&store, flush).await {
                    Ok(true) => Ok(FlushResult::Written { cancel: false }),
                    Ok(false) => Ok(FlushResult::Lost),
                    Err(error) => Err(error),
                },
                written => written,
            };
            match written {
                Ok(FlushResult::Written { cancel }) => {
                    self.flushed_at = began;
                    return Some(cancel);
                }
                Ok(FlushResult::Lost) => return None,
                Err(error) => {
                    tracing::warn!(error = causes(&error), "what a model says cannot be written");
                    if !error.is_transient()
                        || self.flushed_at.elapsed() >= self.executor.parts().timing.lease
                    {
                        return None;
                    }
                }
            }
            is_uncertain = true;
            sleep(WRITE_PAUSE).await;
        }
    }
}
