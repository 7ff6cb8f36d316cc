//! Streams a response's body to the client, with back-pressure: the service is read from no faster than the client reads.

use super::event_stream::{EventStream, StreamLimits};
use super::headers::response_head;
use super::message::UpstreamResponse;
use crate::rate_limit::user_streams::UserStreamPermit;
use crate::timeouts::Timeouts;
use crate::upstream::outlier::Failure;
use crate::upstream::pool::PooledConnection;
use actix_web::HttpResponse;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::web::Bytes;
use hyper::body::{Body as _, Incoming};
use shared_web::server::is_event_stream;
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// A body of at most this many bytes that has come with its head is passed on in one piece.
const MAX_SMALL_BODY_BYTES: u64 = 0x4000;

/// Responds to a request of this method with the response of a service.
///
/// A small body that has come is passed on in one piece. Where a longer one breaks, the client's connection breaks: never a
/// short response that looks whole. A stream of events has no length, even if the service has told one, as it can end early with
/// a comment.
pub(super) fn respond(
    response: UpstreamResponse,
    method: &Method,
    user_stream: Option<UserStreamPermit>,
    timeouts: Timeouts,
    draining: &CancellationToken,
) -> HttpResponse {
    let UpstreamResponse { incoming, connection, stream_permit } = response;
    let head = response_head(&incoming.response);
    let is_event_stream = is_event_stream(head.headers());
    if method == Method::HEAD {
        connection.release();
        let length = incoming.announced_length.filter(|_| !is_event_stream);
        let size = length.map_or(BodySize::None, BodySize::Sized);
        return head.set_body(BoxBody::new(LengthOnly(size)));
    }
    let mut incoming = incoming.response.into_body();
    let length = incoming.size_hint().exact();
    let is_small = !is_event_stream && length.is_some_and(|length| length <= MAX_SMALL_BODY_BYTES);
    let first = match connection.connection.poll_piece(&mut incoming) {
        Poll::Ready(piece) => piece,
        Poll::Pending => None,
    };
    if is_small && incoming.is_end_stream() && !matches!(first, Some(Err(_))) {
        connection.release();
        return head.set_body(BoxBody::new(first.and_then(Result::ok).unwrap_or_default()));
    }
    let body = ResponseBody {
        size: length.map_or(BodySize::Stream, BodySize::Sized),
        timeout: timeouts.response_body,
        is_waiting: false,
        first,
        incoming,
        connection: Some(connection),
    };
    if is_event_stream {
        let limits = StreamLimits {
            draining: draining.clone(),
            max: timeouts.stream,
            has_first_event: method == Method::POST,
            permits: (stream_permit, user_stream),
        };
        return head.set_body(BoxBody::new(EventStream::new(body, limits)));
    }
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
    /// A piece that has come with the head.
    first: Option<hyper::Result<Bytes>>,
    incoming: Incoming,
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
        let piece = match this.first.take() {
            Some(piece) => Some(piece),
            None => match pooled.connection.poll_body(&mut this.incoming, context) {
                Poll::Ready(piece) => piece,
                Poll::Pending => return this.poll_timeout(context),
            },
        };
        this.is_waiting = false;
        if let Some(Err(error)) = &piece {
            pooled.replica.record_failure(Failure::ConnectionBroken, error);
            this.connection = None;
        } else if (piece.is_none() || this.incoming.is_end_stream())
            && let Some(connection) = this.connection.take()
        {
            connection.release();
        }
        Poll::Ready(piece.map(|piece| piece.map_err(Into::into)))
    }
}

impl ResponseBody {
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
