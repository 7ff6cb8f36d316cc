//! Sends a request's body to a service: what the attempt that awaits the response sees of it.

use super::body_bounds::{BodyBounds, BodyMemory};
use super::body_error::BodyError;
use super::headers::BodyLength;
use super::replay_buffer::ReplayBuffer;
use super::request_body::RequestBody;
use super::streamed_body::{StreamedBody, WaitingFor};
use crate::error::Error;
use crate::rate_limit::byte_meter::ByteMeter;
use crate::upstream::outgoing::{BoxedBody, OutgoingBody};
use crate::upstream::stream::WriteProgress;
use actix_web::web::Bytes;
use hyper::body::{Body, Frame};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::time::Instant;

/// The body of a request, shared with the connection that it is sent on; `None` where there is none.
pub(crate) struct BodySender(Option<Rc<RefCell<StreamedBody>>>);

/// A body as hyper reads it.
struct SentBody(Rc<RefCell<StreamedBody>>);

impl BodySender {
    /// Begins to send a body, unless its announced length is over the bound. It is kept for a retry if the request may be
    /// repeated.
    pub(crate) fn new(
        body: &RequestBody,
        length: BodyLength,
        is_retryable: bool,
        bounds: &BodyBounds<'_>,
    ) -> Result<Self, Error> {
        let max_bytes = bounds.max_bytes;
        let is_too_large = |length: u64| usize::try_from(length).map_or(true, |length| length > max_bytes);
        if matches!(length, BodyLength::Known(length) if is_too_large(length)) {
            return Err(Error::BodyTooLarge(max_bytes));
        }
        if matches!(length, BodyLength::None | BodyLength::Known(0)) {
            return Ok(Self::none());
        }
        Ok(Self(Some(Rc::new(RefCell::new(StreamedBody {
            body: body.clone(),
            length,
            replay: ReplayBuffer::new(is_retryable),
            queue: VecDeque::new(),
            given: Vec::new(),
            bytes_read: 0,
            meter: None,
            is_complete: Rc::default(),
            is_ended: false,
            waiting: None,
            max_bytes,
            deadline: bounds.min_rate.begin(),
            memory: BodyMemory::Held(bounds.memory.reservation()),
            progress: Rc::default(),
            error: None,
            is_answered: false,
        })))))
    }

    /// No body.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Counts the body with a meter: at once where its length is announced, else as it comes.
    pub(crate) fn count_with(&mut self, mut meter: ByteMeter) -> Result<(), Error> {
        let Some(body) = &self.0 else { return Ok(()) };
        let mut body = body.borrow_mut();
        match body.length {
            BodyLength::None => Ok(()),
            BodyLength::Known(length) => meter.add(length).map_err(Error::RateLimited),
            BodyLength::Unknown => {
                body.meter = Some(meter);
                Ok(())
            }
        }
    }

    /// Reads what came with the head, so that it goes out with the head. The server reads it only once it was polled.
    pub(super) async fn read_ahead(&mut self) -> Result<(), BodyError> {
        let Some(body) = &self.0 else { return Ok(()) };
        let mut was_polled = false;
        poll_fn(|context| {
            let mut body = body.borrow_mut();
            match body.poll_piece(context) {
                Poll::Pending if !std::mem::replace(&mut was_polled, true) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Pending => Poll::Ready(Ok(())),
                Poll::Ready(piece) => Poll::Ready(piece.map(|piece| body.queue.extend(piece))),
            }
        })
        .await
    }

    /// The body for a connection that has written this much.
    pub(super) fn outgoing(&self) -> OutgoingBody {
        OutgoingBody(self.0.as_ref().map(|body| -> BoxedBody { Box::pin(SentBody(Rc::clone(body))) }))
    }

    /// Begins to send what is left on a connection.
    pub(super) fn begin(&self, progress: &Rc<WriteProgress>) {
        self.change(|body| body.progress = Rc::clone(progress));
    }

    /// Takes back what a connection was given that has written nothing.
    pub(super) fn take_back(&self) {
        self.change(|body| {
            for piece in std::mem::take(&mut body.given).into_iter().rev() {
                body.queue.push_front(piece);
            }
            body.is_ended = false;
        });
    }

    /// Goes back to the beginning.
    pub(super) fn rewind(&self) {
        self.change(|body| {
            body.replay.rewind();
            body.queue.clear();
            body.given.clear();
            body.is_ended = false;
        });
    }

    /// Notes that the service has answered, so that it need not read the rest.
    pub(super) fn record_answer(&self) {
        self.change(|body| body.is_answered = true);
    }

    fn change(&self, change: impl FnOnce(&mut StreamedBody)) {
        if let Some(body) = &self.0 {
            change(&mut body.borrow_mut());
        }
    }

    /// A flag that is set once all of the body has come from the client; `None` if it has.
    pub(super) fn completion_flag(&self) -> Option<Rc<Cell<bool>>> {
        let is_complete = Rc::clone(&self.0.as_ref()?.borrow().is_complete);
        Some(is_complete).filter(|is_complete| !is_complete.get())
    }

    /// Whether the body can be sent again from its beginning.
    pub(super) fn is_replayable(&self) -> bool {
        self.0.as_ref().is_none_or(|body| body.borrow().replay.is_complete())
    }

    /// Which side it waits for, and since when; `None` before it has moved.
    pub(super) fn waiting(&self) -> Option<(WaitingFor, Instant)> {
        self.0.as_ref()?.borrow().waiting()
    }

    /// When the client is too slow, unless more has come by then; `None` once all of it has.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let body = self.0.as_ref()?.borrow();
        (!body.is_complete.get()).then(|| body.deadline.at())
    }

    /// Why the body ended before it was complete.
    pub(super) fn error(&self) -> Option<BodyError> {
        self.0.as_ref()?.borrow().error
    }
}

impl Body for SentBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let piece = self.0.borrow_mut().poll_next(context);
        // The attempt asks the body for its error.
        piece.map_ok(Frame::data).map_err(|_| "the body ended before it was complete".into())
    }

    fn is_end_stream(&self) -> bool {
        self.0.borrow().is_ended
    }
}
