//! The body of a client's request, as the server offers it.

use super::body_error::BodyError;
use crate::error::Error;
use actix_web::dev::Payload;
use actix_web::rt;
use actix_web::web::Bytes;
use futures_util::StreamExt as _;
use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// A body that was not read to its end. Clones share it.
#[derive(Clone)]
pub(crate) struct RequestBody(Option<Rc<Cell<Option<Payload>>>>);

impl RequestBody {
    /// The body of a request.
    pub(crate) fn new(payload: Payload) -> Self {
        match payload {
            Payload::None => Self(None),
            payload => Self(Some(Rc::new(Cell::new(Some(payload))))),
        }
    }

    /// Drops the body once the response was written, which the server does before any other task runs.
    ///
    /// The server closes the connection in good order and in bounded time if the body was not read to its end by then. A body of
    /// unknown length that was dropped before, it would read to the end, however far that is.
    pub(crate) fn release(self) {
        let Some(payload) = self.0.as_ref().map(|payload| payload.take()) else {
            return;
        };
        if payload.is_some() {
            self.put(payload);
            rt::spawn(async move { drop(self) });
        }
    }

    /// Reads a body that says nothing, so that another request can follow on its connection: at most `max_bytes`, within `max_time`.
    pub(crate) async fn discard(&self, max_bytes: usize, max_time: Duration) -> Result<(), Error> {
        let read = async {
            let mut bytes = 0;
            while let Some(piece) = poll_fn(|context| self.poll_next(context)).await {
                bytes += piece?.len();
                if bytes > max_bytes {
                    return Err(Error::BodyTooLarge(max_bytes));
                }
            }
            Ok(())
        };
        timeout(max_time, read).await.unwrap_or(Err(Error::BodyTooSlow))
    }

    fn put(&self, payload: Option<Payload>) {
        if let Some(cell) = &self.0 {
            cell.set(payload);
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
        piece.map_err(|_| BodyError::ClientAborted)
    }
}
