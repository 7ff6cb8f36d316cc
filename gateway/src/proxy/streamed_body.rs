//! A request's body on its way to a service, with back-pressure: the client is read from no faster than the service reads.

use super::body_bounds::BodyMemory;
use super::body_error::BodyError;
use super::headers::BodyLength;
use super::replay_buffer::{MAX_REPLAY_BYTES, ReplayBuffer};
use super::request_body::RequestBody;
use crate::rate_limit::byte_meter::ByteMeter;
use crate::upstream::stream::WriteProgress;
use actix_web::web::Bytes;
use shared_web::body_limits::{CHUNK_QUEUE_BYTES, TransferDeadline};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// The client is not read from while this many bytes wait for the service.
const MAX_UNSENT_BYTES: usize = 0x8000;

/// The most memory of a body: the replay buffer, what waits for the service, and the piece that has come.
const MAX_HELD_BYTES: usize = MAX_REPLAY_BYTES + 2 * MAX_UNSENT_BYTES;

/// Which side a body waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitingFor {
    /// The client, to send the next piece.
    Client,
    /// The service, to read the next piece, or to answer.
    Service,
}

/// A body on its way to a service.
pub(super) struct StreamedBody {
    pub(super) body: RequestBody,
    pub(super) length: BodyLength,
    pub(super) replay: ReplayBuffer,
    /// Pieces that were read, and come before what is replayed or still to be read.
    pub(super) queue: VecDeque<Bytes>,
    /// What a connection was given that has written nothing yet.
    pub(super) given: Vec<Bytes>,
    pub(super) bytes_read: usize,
    /// Counts a body of unknown length.
    pub(super) meter: Option<ByteMeter>,
    /// Whether all of it was read, shared with the request's [`crate::concurrency`] permit.
    pub(super) is_complete: Rc<Cell<bool>>,
    /// Whether the connection was given all of it.
    pub(super) is_ended: bool,
    pub(super) waiting: Option<(WaitingFor, Instant)>,
    pub(super) max_bytes: usize,
    /// When the client is too slow.
    pub(super) deadline: TransferDeadline,
    pub(super) memory: BodyMemory,
    /// How far the connection has written the request.
    pub(super) progress: Rc<WriteProgress>,
    /// Why it ended before it was complete.
    pub(super) error: Option<BodyError>,
    /// Whether the service has answered, so that it need not read the rest.
    pub(super) is_answered: bool,
}

impl StreamedBody {
    /// The next piece for the connection; `None` at the end. What nobody reads any more is not waited for.
    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.progress.has_begun() {
            self.given.clear();
        }
        if self.progress.has_failed() || self.error.is_some() {
            return Poll::Pending;
        }
        if self.progress.unflushed_bytes() >= MAX_UNSENT_BYTES {
            self.progress.wake_when_flushed(context.waker());
            return Poll::Pending;
        }
        match self.poll_piece(context) {
            Poll::Pending => {
                if self.progress.unflushed_bytes() == 0 {
                    self.wait_for(WaitingFor::Client);
                }
                Poll::Pending
            }
            Poll::Ready(Ok(piece)) => {
                self.wait_for(WaitingFor::Service);
                Poll::Ready(self.give(piece).map(Ok))
            }
            Poll::Ready(Err(error)) => {
                self.error = Some(error);
                // An error would break the response off.
                if self.is_answered { Poll::Pending } else { Poll::Ready(Some(Err(error))) }
            }
        }
    }

    /// Notes what the connection is given: as much of a piece as may wait for the service.
    fn give(&mut self, piece: Option<Bytes>) -> Option<Bytes> {
        let Some(mut piece) = piece else {
            self.is_ended = true;
            return None;
        };
        let rest = piece.split_off(piece.len().min(MAX_UNSENT_BYTES));
        if !rest.is_empty() {
            self.queue.push_front(rest);
        }
        if !self.progress.has_begun() {
            self.given.push(piece.clone());
        }
        self.progress.add_unflushed(piece.len());
        self.is_ended = self.is_complete.get() && self.queue.is_empty() && self.replay.is_at_end();
        Some(piece)
    }

    /// The next piece: one that was read before, then the replay buffer, then the client.
    pub(super) fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if let Some(piece) = self.queue.pop_front().or_else(|| self.replay.next()) {
            return Poll::Ready(Ok(Some(piece)));
        }
        if self.is_complete.get() {
            return Poll::Ready(Ok(None));
        }
        self.poll_read(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        // Memory for the next piece first: it is the server's until then.
        let held = self.max_held();
        ready!(self.memory.poll_grow_to(held, context)).map_err(BodyError::OutOfMemory)?;
        let Some(piece) = ready!(self.body.poll_next(context)?) else {
            self.is_complete.set(true);
            return Poll::Ready(Ok(None));
        };
        self.bytes_read += piece.len();
        if self.bytes_read > self.max_bytes {
            return Poll::Ready(Err(BodyError::TooLarge(self.max_bytes)));
        }
        if let Some(meter) = &mut self.meter {
            meter.add(u64::try_from(piece.len()).unwrap_or(u64::MAX)).map_err(BodyError::RateLimited)?;
        }
        self.deadline.record_progress(piece.len());
        // Nothing but its end can follow the last one.
        if self.has_announced_length() && matches!(self.body.poll_next(context), Poll::Ready(None)) {
            self.is_complete.set(true);
        }
        self.replay.push(&piece, self.bytes_read);
        Poll::Ready(Ok(Some(piece)))
    }

    /// The most bytes that are held once the next piece has come.
    fn max_held(&self) -> usize {
        let held = MAX_HELD_BYTES.min(self.bytes_read + MAX_UNSENT_BYTES);
        match self.length {
            BodyLength::Known(length) => usize::try_from(length).map_or(held, |length| length.min(held)),
            BodyLength::Unknown => held + CHUNK_QUEUE_BYTES,
            BodyLength::None => held,
        }
    }

    fn has_announced_length(&self) -> bool {
        matches!(self.length, BodyLength::Known(length) if u64::try_from(self.bytes_read) == Ok(length))
    }

    /// Which side it waits for, and since when; `None` before it has moved.
    pub(super) fn waiting(&self) -> Option<(WaitingFor, Instant)> {
        self.waiting.map(|(side, since)| match (side, self.progress.last_write()) {
            (WaitingFor::Service, Some(last_write)) => (side, since.max(last_write)),
            _ => (side, since),
        })
    }

    fn wait_for(&mut self, side: WaitingFor) {
        let waiting = self.waiting();
        if let (Some((WaitingFor::Service, since)), WaitingFor::Client) = (waiting, side) {
            // Meanwhile the client was not read from.
            self.deadline.extend(since.elapsed());
        }
        if waiting.is_none_or(|(before, _)| before != side || side == WaitingFor::Service) {
            self.waiting = Some((side, Instant::now()));
        }
    }
}
