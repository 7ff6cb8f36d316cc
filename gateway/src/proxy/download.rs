//! An answer's body on its way down, read from the service no faster than the client takes it.

use actix_web::body::{BodySize, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::header::{CONTENT_LENGTH, HeaderMap};
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
}

impl Download {
    /// The body of an answer with these headers to a request of this method.
    pub(super) fn new(method: &Method, headers: &HeaderMap, body: Incoming, patience: Duration) -> Self {
        let size = if method == Method::HEAD { announced(headers) } else { exact(&body) };
        Self { body, size, patience, timer: None }
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
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return this.wait(context),
            }
        }
    }
}

impl Download {
    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let patience = self.patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        timer.as_mut().poll(context).map(|()| Some(Err("the service went silent in its answer".into())))
    }
}
