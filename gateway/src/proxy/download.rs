//! An answer's body on its way down, read from the service no faster than the client takes it.

use super::client::Answer;
use super::pool::Lease;
use crate::fleet::Failure;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
use hyper::http::response::Parts;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A body that is being passed on. Where it breaks, the client's connection breaks: never a short answer that looks whole.
pub(super) struct Download {
    body: Incoming,
    size: BodySize,
    patience: Duration,
    /// Runs while a piece is awaited from the service, not while the client takes one.
    timer: Option<Pin<Box<Sleep>>>,
    /// The connection that it comes on, until it has ended.
    lease: Option<Lease>,
}

impl Download {
    /// The head of an answer to a request of this method, and its body.
    pub(super) fn of(answer: Answer, method: &Method, patience: Duration) -> (Parts, Self) {
        let (head, body) = answer.answer.into_parts();
        let size = if method == Method::HEAD { announced(&head.headers) } else { exact(&body) };
        (head, Self { body, size, patience, timer: None, lease: Some(answer.lease) })
    }
}

/// HEAD answers with the length that GET would have.
fn announced(headers: &HeaderMap) -> BodySize {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    length.map_or(BodySize::None, BodySize::Sized)
}

fn exact(body: &Incoming) -> BodySize {
    body.size_hint().exact().map_or(BodySize::Stream, BodySize::Sized)
}

impl MessageBody for Download {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        loop {
            match Pin::new(&mut this.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => {
                    this.timer = None;
                    // Trailers are passed by.
                    if let Ok(bytes) = frame.into_data() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    if let Some(lease) = this.lease.take() {
                        lease.flight.failed(Failure::BrokenOff, &error);
                    }
                    return Poll::Ready(Some(Err(error.into())));
                }
                Poll::Ready(None) => {
                    this.release();
                    return Poll::Ready(None);
                }
                Poll::Pending => return this.wait(context),
            }
        }
    }
}

impl Download {
    /// The connection is free for another request.
    fn release(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let patience = self.patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        timer.as_mut().poll(context).map(|()| Some(Err("the service went silent in its answer".into())))
    }
}

impl Drop for Download {
    /// The server does not ask for the end of a body of which it has all bytes, nor for any of the answer to HEAD.
    fn drop(&mut self) {
        if self.body.is_end_stream() {
            self.release();
        }
    }
}
