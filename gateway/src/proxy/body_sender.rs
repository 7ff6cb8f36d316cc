//! A request's body on its way up: read from the client no faster than the service takes it.

use super::body_bounds::{BodyBounds, BodyMemory};
use super::body_error::{BodyError, SendError};
use super::headers::BodyLength;
use super::replay_buffer::{MAX_REPLAY_BYTES, ReplayBuffer};
use super::request_body::RequestBody;
use crate::error::Error;
use crate::http1::connection::Connection;
use crate::rate_limit::byte_meter::ByteMeter;
use actix_web::web::Bytes;
use shared::server::{CHUNK_QUEUE_BYTES, TransferDeadline};
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use tokio::time::Instant;

/// With so many bytes waiting for the service, no more are added, and the client is not read from.
const FULL: usize = 0x8000;

/// The most that is held of a body: what is kept of it, what waits for the service, and the piece that has come.
const HELD: usize = MAX_REPLAY_BYTES + 2 * FULL;

/// Whom a body waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WaitingFor {
    /// To send the next piece.
    ForClient,
    /// To take the next piece, or to answer.
    ForService,
}

/// A body that is being passed on.
pub(crate) struct BodySender {
    offered: RequestBody,
    length: BodyLength,
    replay: ReplayBuffer,
    /// Of the piece that was begun, what the connection had no room for.
    rest: Bytes,
    read: usize,
    /// Counts a body whose length is not announced.
    meter: Option<ByteMeter>,
    /// Whether all of it was read, also for who counts the request while it is sent; `None` where there is no body.
    whole: Option<Rc<Cell<bool>>>,
    is_ended: bool,
    waiting: Option<(WaitingFor, Instant)>,
    max_bytes: usize,
    /// By when more of it must have come; none where there is no body.
    deadline: Option<TransferDeadline>,
    /// None where there is no body.
    memory: Option<BodyMemory>,
}

impl BodySender {
    /// Begins to read a body, unless it is announced as too large. It is kept if the request may be sent again.
    pub(crate) fn new(
        offered: &RequestBody,
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
            return Ok(Self { length, replay: ReplayBuffer::new(may_repeat), ..Self::nothing() });
        }
        Ok(Self {
            offered: offered.clone(),
            length,
            replay: ReplayBuffer::new(may_repeat),
            whole: Some(Rc::default()),
            is_ended: false,
            max_bytes,
            deadline: Some(bounds.min_rate.begin()),
            memory: Some(BodyMemory::Held(bounds.memory.reservation())),
            ..Self::nothing()
        })
    }

    /// No body, of a request that may be sent again.
    pub(super) fn nothing() -> Self {
        Self {
            offered: RequestBody::nothing(),
            length: BodyLength::None,
            replay: ReplayBuffer::new(true),
            rest: Bytes::new(),
            read: 0,
            meter: None,
            whole: None,
            is_ended: true,
            waiting: None,
            max_bytes: 0,
            deadline: None,
            memory: None,
        }
    }

    /// When the client is too slow, unless more has come by then; `None` once all of it has.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.coming().and(self.deadline).map(|deadline| deadline.at())
    }

    /// Counts the body with this meter: at once where its length is announced, else as it comes.
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

    /// Reads what came with the head, so that it goes out with the head. The server looks for it only after it was asked.
    pub(super) async fn read_ahead(&mut self) -> Result<(), BodyError> {
        if self.is_ended {
            return Ok(());
        }
        let mut was_asked = false;
        poll_fn(|context| match self.poll_piece(context) {
            Poll::Pending if !std::mem::replace(&mut was_asked, true) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Ready(Ok(())),
            Poll::Ready(piece) => Poll::Ready(piece.map(|piece| self.rest = piece.unwrap_or_default())),
        })
        .await
    }

    /// Whether all of the body has come from the client meanwhile, where it has not yet.
    pub(super) fn coming(&self) -> Option<Rc<Cell<bool>>> {
        self.whole.clone().filter(|whole| !whole.get())
    }

    /// Whether the request may be sent again, and its body can be.
    pub(super) fn can_repeat(&self) -> bool {
        self.replay.is_kept()
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&mut self) {
        self.replay.rewind();
        self.rest = Bytes::new();
        self.is_ended = matches!(self.length, BodyLength::None | BodyLength::Known(0));
    }

    /// Whether all of it is on the connection, or was sent.
    pub(super) fn is_ended(&self) -> bool {
        self.is_ended
    }

    /// Whom it waits for, and since when; the service since the request was sent, if it has not moved yet.
    pub(super) fn waiting(&self) -> Option<(WaitingFor, Instant)> {
        self.waiting
    }

    /// Sends what the connection has of the request, and all of the body after that.
    pub(super) fn poll_send(
        &mut self,
        connection: &mut Connection,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), SendError>> {
        loop {
            let piece = self.poll_fill(connection.output(), context);
            if let Poll::Ready(Err(stop)) = piece {
                return Poll::Ready(Err(SendError::Stopped(stop)));
            }
            if !connection.output().is_empty() {
                ready!(connection.poll_write(context)).map_err(SendError::Broken)?;
                self.moves();
                continue;
            }
            if piece.is_pending() {
                self.waits_for(WaitingFor::ForClient);
                return Poll::Pending;
            }
            return Poll::Ready(Ok(()));
        }
    }

    /// Adds pieces to what is to be written, as far as they have come, up to the end of the body.
    fn poll_fill(&mut self, output: &mut Vec<u8>, context: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        while !self.is_ended && output.len() < FULL {
            if let Some(mut piece) = ready!(self.poll_piece(context))? {
                self.rest = piece.split_off(piece.len().min(FULL));
                self.length.write(&piece, output);
            } else {
                self.length.end(output);
                self.is_ended = true;
            }
            self.waits_for(WaitingFor::ForService);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, BodyError>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        if let Some(piece) = self.replay.next() {
            return Poll::Ready(Ok(Some(piece)));
        }
        if self.whole.as_ref().is_none_or(|whole| whole.get()) {
            return Poll::Ready(Ok(None));
        }
        // Room for the next piece first: it is the server's until then.
        let held = self.most_held();
        if let Some(memory) = &mut self.memory {
            ready!(memory.poll_grow_to(held, context)).map_err(BodyError::OutOfMemory)?;
        }
        let Some(piece) = ready!(self.offered.poll_next(context)?) else {
            self.whole.iter().for_each(|whole| whole.set(true));
            return Poll::Ready(Ok(None));
        };
        self.read += piece.len();
        if self.read > self.max_bytes {
            return Poll::Ready(Err(BodyError::TooLarge(self.max_bytes)));
        }
        if let Some(meter) = &mut self.meter {
            meter.add(u64::try_from(piece.len()).unwrap_or(u64::MAX)).map_err(BodyError::RateLimited)?;
        }
        self.deadline.iter_mut().for_each(|deadline| deadline.moved(piece.len()));
        // Nothing but its end can follow the last one.
        if self.has_come() && matches!(self.offered.poll_next(context), Poll::Ready(None)) {
            self.whole.iter().for_each(|whole| whole.set(true));
        }
        self.replay.push(&piece, self.read);
        Poll::Ready(Ok(Some(piece)))
    }

    /// What is held at most once the next piece has come.
    fn most_held(&self) -> usize {
        let held = HELD.min(self.read + FULL);
        match self.length {
            BodyLength::Known(length) => usize::try_from(length).map_or(held, |length| length.min(held)),
            BodyLength::Unknown => held + CHUNK_QUEUE_BYTES,
            BodyLength::None => held,
        }
    }

    fn has_come(&self) -> bool {
        matches!(self.length, BodyLength::Known(length) if u64::try_from(self.read) == Ok(length))
    }

    fn waits_for(&mut self, whom: WaitingFor) {
        if let (Some((WaitingFor::ForService, since)), WaitingFor::ForClient) = (self.waiting, whom) {
            // Meanwhile the client was not read from.
            self.deadline.iter_mut().for_each(|deadline| deadline.paused(since.elapsed()));
        }
        if self.waiting.is_none_or(|(before, _)| before != whom || whom == WaitingFor::ForService) {
            self.waiting = Some((whom, Instant::now()));
        }
    }

    /// The service has taken something.
    fn moves(&mut self) {
        if self.waiting.is_some() {
            self.waits_for(WaitingFor::ForService);
        }
    }
}
