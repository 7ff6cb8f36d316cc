//! An answer's body on its way down, read from the service no faster than the client takes it.

use super::body_sender::BodySender;
use super::message::UpstreamResponse;
use crate::timeouts::Timeouts;
use crate::upstream::outlier::Failure;
use crate::upstream::pool::PooledConnection;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;

/// Gives an answer to a request of this method its body.
///
/// A small body that has come is passed on in one piece. Where a longer one breaks, the client's connection breaks: never a
/// short answer that looks whole.
pub(crate) fn respond(answer: UpstreamResponse, method: &Method, patience: Timeouts) -> HttpResponse {
    let UpstreamResponse { head, mut lease, upload } = answer;
    if method == Method::HEAD {
        // The length that GET would have.
        let body = Announced(lease.connection.announced().map_or(BodySize::None, BodySize::Sized));
        if upload.is_ended() {
            lease.give_back();
        }
        return head.set_body(BoxBody::new(body));
    }
    if upload.is_ended()
        && let Some(body) = lease.connection.take_small_body()
    {
        lease.give_back();
        return head.set_body(BoxBody::new(body));
    }
    let size = lease.connection.length().map_or(BodySize::Stream, BodySize::Sized);
    let download =
        ResponseBody { size, patience: patience.piece, is_waiting: false, upload, lease: Some(lease) };
    head.set_body(BoxBody::new(download))
}

/// A body of which there is only the length.
struct Announced(BodySize);

impl MessageBody for Announced {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        Poll::Ready(None)
    }
}

/// A body that is being passed on.
struct ResponseBody {
    size: BodySize,
    patience: Duration,
    /// For a piece from the service; not for the client, which may take its time with one.
    is_waiting: bool,
    /// The request's body, of which some may still be to be sent.
    upload: BodySender,
    /// The connection that it comes on, until it has ended.
    lease: Option<PooledConnection>,
}

impl MessageBody for ResponseBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        let Some(lease) = &mut this.lease else {
            return Poll::Ready(None);
        };
        if !this.upload.is_ended() || !lease.connection.output().is_empty() {
            // A service that has answered need not take the rest.
            drop(this.upload.poll_send(&mut lease.connection, context));
        }
        let piece = match lease.connection.poll_body(context) {
            Poll::Ready(piece) => piece,
            Poll::Pending => return this.wait(context),
        };
        this.is_waiting = false;
        if let Err(error) = &piece {
            lease.flight.failed(Failure::BrokenOff, error);
            this.lease = None;
        } else if lease.connection.is_read() {
            this.release();
        }
        Poll::Ready(piece.map_err(Into::into).transpose())
    }
}

impl ResponseBody {
    /// The connection is free for another request, unless there is more of this one to send.
    fn release(&mut self) {
        if let Some(lease) = self.lease.take().filter(|_| self.upload.is_ended()) {
            lease.give_back();
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let Some(lease) = &mut self.lease else {
            return Poll::Ready(None);
        };
        if !std::mem::replace(&mut self.is_waiting, true) {
            lease.connection.set_timer(Instant::now() + self.patience);
        }
        let timer = lease.connection.poll_timer(context);
        timer.map(|()| Some(Err("the service went silent in its answer".into())))
    }
}
