//! The owner of a run: it flushes what the model says, and seals the end.

mod flush;

use super::own_runs::{OwnRunGuard, Signals};
use super::producer::{Produced, Producer};
use super::replica::Executor;
use super::transcript::Transcript;
use crate::domain::{AnswerStatus, Finish};
use crate::store::{Run, Seal};
use crate::streams::RunLog;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The owner of a run that it has claimed.
pub struct Owner {
    executor: Executor,
    run: Run,
    log: Arc<RunLog>,
    signals: Signals,
    _guard: OwnRunGuard,
    transcript: Transcript,
    claimed_at: Instant,
    flushed_at: Instant,
    renewed_at: Instant,
    has_talked: bool,
    first_token: Option<Duration>,
    dropped_messages: Option<i64>,
}

impl Drop for Owner {
    /// However it ends, also in a panic: another may go on, and readers here follow that.
    fn drop(&mut self) {
        self.log.set_owned(false);
    }
}

/// What happens next to a run.
enum Step {
    Go,
    Finish(Finish),
    Lost,
}

impl Owner {
    /// The owner of a run that this replica has claimed just now.
    pub fn new(executor: Executor, run: Run) -> Self {
        let log = executor.parts().hub.open(run.response_id);
        log.set_owned(true);
        let (signals, guard) = executor.own().add(run.response_id, run.epoch);
        let (transcript, now) = (Transcript::new(run.response_id), Instant::now());
        Self {
            executor,
            run,
            log,
            signals,
            _guard: guard,
            transcript,
            claimed_at: now,
            flushed_at: now,
            renewed_at: now,
            has_talked: false,
            first_token: None,
            dropped_messages: None,
        }
    }

    /// Answers, and stores the answer.
    pub async fn answer(mut self) {
        let mut producer = Producer::begin(&self.executor, &self.run);
        let end = self.listen(&mut producer).await;
        // The provider need not say more.
        drop(producer);
        let Some(finish) = end else { return self.give_up() };
        let status = finish.status;
        let seal = Seal {
            owner: self.run.owner,
            response: self.transcript.text().to_owned(),
            output_items: self.transcript.output_items(),
            finish,
        };
        if matches!(self.flush(Some(seal)).await, Step::Lost) {
            return self.give_up();
        }
        let metrics = &self.executor.parts().metrics;
        metrics.finished(status);
        let tokens = self.transcript.usage().and_then(|usage| usage.output_tokens);
        metrics.generated(tokens.unwrap_or(0), self.claimed_at.elapsed());
        self.executor.store_or_drop_own(self.run.response_id, Some(&self.log)).await;
    }

    fn give_up(&self) {
        tracing::warn!(run = %self.run.response_id, epoch = self.run.epoch, "the authority over a run is lost");
        self.executor.parts().metrics.lease_lost();
    }

    /// Flushes until the run ends; `None` if it is lost.
    async fn listen(&mut self, producer: &mut Producer) -> Option<Finish> {
        let timing = self.executor.parts().timing;
        let deadline = self.claimed_at + timing.max_run;
        let drained = self.executor.clone();
        let drained = drained.drained();
        tokio::pin!(drained);
        let signals = self.signals.clone();
        loop {
            let step = if self.is_due() {
                self.flush(None).await
            } else {
                tokio::select! {
                    produced = producer.next() => self.take(produced),
                    () = sleep_until(self.next_flush()) => Step::Go,
                    () = signals.lost.cancelled() => Step::Lost,
                    () = signals.stop.cancelled() => Step::Finish(Finish::of(AnswerStatus::Stopped)),
                    () = &mut drained => Step::Finish(Finish::of(AnswerStatus::Interrupted)),
                    () = sleep_until(deadline) => Step::Finish(Finish::failed("timed_out")),
                }
            };
            match step {
                Step::Go => {}
                Step::Finish(finish) => return Some(self.completed(finish)),
                Step::Lost => return None,
            }
        }
    }

    fn take(&mut self, produced: Produced) -> Step {
        match produced {
            Produced::Context(dropped_messages) => self.dropped_messages = Some(dropped_messages),
            Produced::Event(event) => {
                if let Some(finish) = self.transcript.add(event) {
                    return Step::Finish(finish);
                }
            }
            Produced::Failed(finish) => return Step::Finish(finish),
        }
        Step::Go
    }

    /// The end with all that is known of the run.
    fn completed(&mut self, finish: Finish) -> Finish {
        self.note_first_token();
        let first_token_ms = self.first_token.and_then(|time| i64::try_from(time.as_millis()).ok());
        Finish {
            usage: self.transcript.usage(),
            first_token_ms,
            dropped_messages: self.dropped_messages,
            ..finish
        }
    }

    fn next_flush(&self) -> Instant {
        let timing = self.executor.parts().timing;
        self.flushed_at + if self.transcript.pending().is_empty() { timing.heartbeat } else { timing.flush }
    }

    /// Whether to flush now: the first token is not kept waiting.
    fn is_due(&self) -> bool {
        let is_first = !self.has_talked && !self.transcript.pending().is_empty();
        is_first || self.transcript.is_full() || self.next_flush() <= Instant::now()
    }

    fn note_first_token(&mut self) {
        if self.first_token.is_none() && !self.transcript.pending().is_empty() {
            let time = self.claimed_at.elapsed();
            self.executor.parts().metrics.first_token(time);
            self.first_token = Some(time);
        }
    }
}
