//! Streams a response's body to the client, with back-pressure: the service is read from no faster than the client reads.

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

/// Responds to a request of this method with the response of a service.
///
/// A small body that has come is passed on in one piece. Where a longer one breaks, the client's connection breaks: never a
/// short response that looks whole.
pub(crate) fn respond(response: UpstreamResponse, method: &Method, timeouts: Timeouts) -> HttpResponse {
    let UpstreamResponse { head, mut connection, body_sender } = response;
    if method == Method::HEAD {
        // The length that GET would have.
        let announced = connection.connection.announced();
        let body = LengthOnly(announced.map_or(BodySize::None, BodySize::Sized));
        if body_sender.is_ended() {
            connection.release();
        }
        return head.set_body(BoxBody::new(body));
    }
    if body_sender.is_ended()
        && let Some(body) = connection.connection.take_small_body()
    {
        connection.release();
        return head.set_body(BoxBody::new(body));
    }
    let size = connection.connection.length().map_or(BodySize::Stream, BodySize::Sized);
    let timeout = timeouts.response_body;
    let body = ResponseBody { size, timeout, is_waiting: false, body_sender, connection: Some(connection) };
    head.set_body(BoxBody::new(body))
}

/// The body of a response to HEAD, of which there is only the length.
struct LengthOnly(BodySize);

impl MessageBody for LengthOnly {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        Poll::Ready(None)
    }
}

/// A body on its way to the client.
struct ResponseBody {
    size: BodySize,
    /// The next piece of the service. The client may take its time with one.
    timeout: Duration,
    is_waiting: bool,
    /// The rest of the request's body, which may still be to be sent.
    body_sender: BodySender,
    /// `None` once the body has ended.
    connection: Option<PooledConnection>,
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
        let Some(pooled) = &mut this.connection else {
            return Poll::Ready(None);
        };
        if !this.body_sender.is_ended() || !pooled.connection.output().is_empty() {
            // A service that has answered need not read the rest.
            drop(this.body_sender.poll_send(&mut pooled.connection, context));
        }
        let piece = match pooled.connection.poll_body(context) {
            Poll::Ready(piece) => piece,
            Poll::Pending => return this.poll_timeout(context),
        };
        this.is_waiting = false;
        if let Err(error) = &piece {
            pooled.replica.record_failure(Failure::BrokenOff, error);
            this.connection = None;
        } else if pooled.connection.is_read() {
            this.release();
        }
        Poll::Ready(piece.map_err(Into::into).transpose())
    }
}

impl ResponseBody {
    /// Releases the connection for another request, unless there is more of this one to send.
    fn release(&mut self) {
        if let Some(connection) = self.connection.take().filter(|_| self.body_sender.is_ended()) {
            connection.release();
        }
    }

    fn poll_timeout(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let Some(pooled) = &mut self.connection else {
            return Poll::Ready(None);
        };
        if !std::mem::replace(&mut self.is_waiting, true) {
            pooled.connection.set_timer(Instant::now() + self.timeout);
        }
        let timer = pooled.connection.poll_timer(context);
        timer.map(|()| Some(Err("the service went silent in its answer".into())))
    }
}
