//! A reader of a run: the body of a stream.

use super::disconnect::DisconnectGuard;
use super::log::{Entries, Next, RunLog};
use crate::domain::Timing;
use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How soon a client shall come back, for whom the connection is closed: in milliseconds.
const RETRY_AFTER_1_S: &str = "retry: 1000\n\n";
/// A comment, which keeps the connection from being silent.
const COMMENT: &str = ":\n\n";
/// The comment with which a server that stops ends a stream.
const STOPPING_COMMENT: &str = ": the server stops, resume at another\n\n";

/// A reader of a run, who has read up to some chunk.
pub struct Reader {
    /// Held, so that it is followed.
    _log: Arc<RunLog>,
    entries: watch::Receiver<Entries>,
    seq: i64,
    first: Option<Bytes>,
    closes_at: Instant,
    comment: Duration,
    stopping: CancellationToken,
    guard: Option<DisconnectGuard>,
}

enum ReaderStep {
    Send(Bytes),
    Last(Bytes),
    Close,
}

impl Reader {
    /// A reader who has read up to the chunk `seq`, and is sent `first` before the rest. `guard` is told whether the client has gone.
    pub fn new(
        log: Arc<RunLog>,
        (seq, first): (i64, Bytes),
        timing: Timing,
        stopping: CancellationToken,
        guard: Option<DisconnectGuard>,
    ) -> Self {
        let closes_at = Instant::now() + timing.max_stream;
        let (entries, comment) = (log.subscribe(), timing.comment);
        let first = Some(Bytes::from([RETRY_AFTER_1_S.as_bytes(), &first].concat()));
        Self { _log: log, entries, seq, first, closes_at, comment, stopping, guard }
    }

    /// The body of the response.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        unfold(Some(self), |reader| async move {
            let mut reader = reader?;
            match reader.step().await {
                ReaderStep::Send(bytes) => Some((Ok(bytes), Some(reader))),
                ReaderStep::Last(bytes) => {
                    reader.guard.iter_mut().for_each(DisconnectGuard::disarm);
                    Some((Ok(bytes), None))
                }
                ReaderStep::Close => None,
            }
        })
    }

    async fn step(&mut self) -> ReaderStep {
        if let Some(first) = self.first.take() {
            return ReaderStep::Send(first);
        }
        if Instant::now() >= self.closes_at {
            return ReaderStep::Close;
        }
        let comment_at = Instant::now() + self.comment;
        loop {
            match self.entries.borrow_and_update().after(self.seq) {
                Next::Chunks(bytes, seq) => {
                    self.seq = seq;
                    return ReaderStep::Send(bytes);
                }
                Next::Final(bytes) => return ReaderStep::Last(bytes),
                Next::Wait => {}
            }
            tokio::select! {
                changed = self.entries.changed() => if changed.is_err() { return ReaderStep::Close },
                () = sleep_until(comment_at) => return ReaderStep::Send(Bytes::from_static(COMMENT.as_bytes())),
                () = sleep_until(self.closes_at) => return ReaderStep::Close,
                () = self.stopping.cancelled() => return ReaderStep::Last(Bytes::from_static(STOPPING_COMMENT.as_bytes())),
            }
        }
    }
}
