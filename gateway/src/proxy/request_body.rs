//! A request's body where the client offers it.

use super::body_error::BodyError;
use actix_web::dev::Payload;
use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A body that a client offers, and that was not read to its end.
#[derive(Clone)]
pub(crate) struct RequestBody(Option<Rc<Cell<Option<Payload>>>>);

impl RequestBody {
    /// No body.
    pub(super) fn nothing() -> Self {
        Self(None)
    }

    /// The body of a request.
    pub(crate) fn new(payload: Payload) -> Self {
        match payload {
            Payload::None => Self(None),
            payload => Self(Some(Rc::new(Cell::new(Some(payload))))),
        }
    }

    /// Lets it go once the answer was written, which the server does before any other task runs.
    ///
    /// With a body that was not read to its end then, the server closes the connection in good order and in bounded time.
    /// One of unknown length that was let go before, it would read to the end, however far that is.
    pub(crate) fn release(self) {
        let Some(payload) = self.0.as_ref().map(|payload| payload.take()) else {
            return;
        };
        if payload.is_some() {
            self.put(payload);
            rt::spawn(async move { drop(self) });
        }
    }

    fn put(&self, payload: Option<Payload>) {
        if let Some(place) = &self.0 {
            place.set(payload);
        }
    }

    /// The next piece; `None` at the end, after which there is no body any more.
    pub(super) fn poll_next(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let Some(mut payload) = self.0.as_ref().and_then(|payload| payload.take()) else {
            return Poll::Ready(None);
        };
        let piece = payload.poll_next_unpin(context);
        if !matches!(piece, Poll::Ready(None)) {
            self.put(Some(payload));
        }
        piece.map_err(|_| BodyError::ByClient)
    }
}
