//! Sends a request's body to a service, with back-pressure: the client is read from no faster than the service reads.

use super::body_bounds::{BodyBounds, BodyMemory};
use super::body_error::{BodyError, SendError};
use super::headers::BodyLength;
use super::replay_buffer::{MAX_REPLAY_BYTES, ReplayBuffer};
use super::request_body::RequestBody;
use crate::error::Error;
use crate::http1::connection::Connection;
use crate::rate_limit::byte_meter::ByteMeter;
use actix_web::web::Bytes;
use shared_web::body_limits::{CHUNK_QUEUE_BYTES, TransferDeadline};
use std::cell::Cell;
use std::future::poll_fn;
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
pub(crate) struct BodySender {
    body: RequestBody,
    length: BodyLength,
    replay: ReplayBuffer,
    /// The rest of a piece for which the connection had no space.
    rest: Bytes,
    bytes_read: usize,
    /// Counts a body of unknown length.
    meter: Option<ByteMeter>,
    /// Whether all of it was read, shared with the request's [`crate::concurrency`] permit; `None` without a body.
    is_whole: Option<Rc<Cell<bool>>>,
    is_ended: bool,
    waiting: Option<(WaitingFor, Instant)>,
    max_bytes: usize,
    /// When the client is too slow; `None` without a body.
    deadline: Option<TransferDeadline>,
    /// `None` without a body.
    memory: Option<BodyMemory>,
}

impl BodySender {
    /// Begins to send a body, unless its announced length is over the bound. It is kept for a retry if the request may be
    /// repeated.
    pub(crate) fn new(
        body: &RequestBody,
        length: BodyLength,
        may_repeat: bool,
        bounds: &BodyBounds<'_>,
    ) -> Result<Self, Error> {
        let max_bytes = bounds.max_bytes;
        let is_too_large = |length: u64| usize::try_from(length).map_or(true, |length| length > max_bytes);
        if matches!(length, BodyLength::Known(length) if is_too_large(length)) {
            return Err(Error::BodyTooLarge(max_bytes));
        }
        if matches!(length, BodyLength::None | BodyLength::Known(0)) {
            return Ok(Self { length, replay: ReplayBuffer::new(may_repeat), ..Self::none() });
        }
        Ok(Self {
            body: body.clone(),
            length,
            replay: ReplayBuffer::new(may_repeat),
            is_whole: Some(Rc::default()),
            is_ended: false,
            max_bytes,
            deadline: Some(bounds.min_rate.begin()),
            memory: Some(BodyMemory::Held(bounds.memory.reservation())),
            ..Self::none()
        })
    }

    /// No body, of a request that may be repeated.
    pub(super) fn none() -> Self {
        Self {
            body: RequestBody::none(),
            length: BodyLength::None,
            replay: ReplayBuffer::new(true),
            rest: Bytes::new(),
            bytes_read: 0,
            meter: None,
            is_whole: None,
            is_ended: true,
            waiting: None,
            max_bytes: 0,
            deadline: None,
            memory: None,
        }
    }

    /// When the client is too slow, unless more has come by then; `None` once all of it has.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.whole_flag().and(self.deadline).map(|deadline| deadline.at())
    }

    /// Counts the body with a meter: at once where its length is announced, else as it comes.
    pub(crate) fn count_with(&mut self, mut meter: ByteMeter) -> Result<(), Error> {
        match self.length {
            BodyLength::None => Ok(()),
            BodyLength::Known(length) => meter.add(length).map_err(Error::RateLimited),
            BodyLength::Unknown => {
                self.meter = Some(meter);
                Ok(())
            }
        }
    }

    /// Reads what came with the head, so that it goes out with the head. The server reads it only once it was polled.
    pub(super) async fn read_ahead(&mut self) -> Result<(), BodyError> {
        if self.is_ended {
            return Ok(());
        }
        let mut was_polled = false;
        poll_fn(|context| match self.poll_piece(context) {
            Poll::Pending if !std::mem::replace(&mut was_polled, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(())),
            Poll::Ready(piece) => Poll::Ready(piece.map(|piece| self.rest = piece.unwrap_or_default())),
        })
        .await
    }

    /// A flag that is set once all of the body has come from the client; `None` if it has.
    pub(super) fn whole_flag(&self) -> Option<Rc<Cell<bool>>> {
        self.is_whole.clone().filter(|is_whole| !is_whole.get())
    }

    /// Whether the body can be sent again from its beginning.
    pub(super) fn can_repeat(&self) -> bool {
        self.replay.is_complete()
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&mut self) {
        self.replay.rewind();
        self.rest = Bytes::new();
        self.is_ended = matches!(self.length, BodyLength::None | BodyLength::Known(0));
    }

    /// Whether all of it was sent, or is in the connection's buffer.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Which side it waits for, and since when; `None` before it has moved.
    pub(super) fn waiting(&self) -> Option<(WaitingFor, Instant)> {
        self.waiting
    }

    /// Sends the connection's buffer, and all of the body after that.
    pub(super) fn poll_send(
        &mut self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let piece = self.poll_fill(connection.output(), context);
            if let Poll::Ready(Err(error)) = piece {
                return Poll::Ready(Err(SendError::Body(error)));
            }
            if !connection.output().is_empty() {
                ready!(connection.poll_write(context)).map_err(SendError::Connection)?;
                self.note_progress();
                continue;
            }
            if piece.is_pending() {
                self.wait_for(WaitingFor::Client);
                return Poll::Pending;
            }
            return Poll::Ready(Ok(()));
        }
    }

    /// Fills the output with pieces as far as they have come, up to the end of the body.
    fn poll_fill(&mut self, output: &mut Vec<u8>, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while !self.is_ended && output.len() < MAX_UNSENT_BYTES {
            if let Some(mut piece) = ready!(self.poll_piece(context))? {
                self.rest = piece.split_off(piece.len().min(MAX_UNSENT_BYTES));
                self.length.write(&piece, output);
            } else {
                self.length.end(output);
                self.is_ended = true;
            }
            self.wait_for(WaitingFor::Service);
        }
        Poll::Ready(Ok(()))
    }

    /// The next piece: what is left of the last one, then the replay buffer, then the client.
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        if let Some(piece) = self.replay.next() {
            return Poll::Ready(Ok(Some(piece)));
        }
        if self.is_whole.as_ref().is_none_or(|is_whole| is_whole.get()) {
            return Poll::Ready(Ok(None));
        }
        self.poll_read(context)
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        // Memory for the next piece first: it is the server's until then.
        let held = self.max_held();
        if let Some(memory) = &mut self.memory {
            ready!(memory.poll_grow_to(held, context)).map_err(BodyError::OutOfMemory)?;
        }
        let Some(piece) = ready!(self.body.poll_next(context)?) else {
            self.is_whole.iter().for_each(|is_whole| is_whole.set(true));
            return Poll::Ready(Ok(None));
        };
        self.bytes_read += piece.len();
        if self.bytes_read > self.max_bytes {
            return Poll::Ready(Err(BodyError::TooLarge(self.max_bytes)));
        }
        if let Some(meter) = &mut self.meter {
            meter.add(u64::try_from(piece.len()).unwrap_or(u64::MAX)).map_err(BodyError::RateLimited)?;
        }
        self.deadline.iter_mut().for_each(|deadline| deadline.moved(piece.len()));
        // Nothing but its end can follow the last one.
        if self.has_announced_length() && matches!(self.body.poll_next(context), Poll::Ready(None)) {
            self.is_whole.iter().for_each(|is_whole| is_whole.set(true));
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

    fn wait_for(&mut self, side: WaitingFor) {
        if let (Some((WaitingFor::Service, since)), WaitingFor::Client) = (self.waiting, side) {
            // Meanwhile the client was not read from.
            self.deadline.iter_mut().for_each(|deadline| deadline.paused(since.elapsed()));
        }
        if self.waiting.is_none_or(|(before, _)| before != side || side == WaitingFor::Service) {
            self.waiting = Some((side, Instant::now()));
        }
    }

    /// Notes that the service has read something.
    fn note_progress(&mut self) {
        if self.waiting.is_some() {
            self.wait_for(WaitingFor::Service);
        }
    }
}
