//! Backpressure and limits of responses: their memory is part of the budget of all bodies, and they have a minimum rate.
//!
//! The server writes a response into a buffer as fast as its body yields, so a large body is yielded in pieces, which stay here
//! until the client has read the ones before. A body that is read more slowly than [`MinRate`] allows is dropped: its memory is
//! released, and the connection is aborted at the next piece. A client that reads nothing at all is left to the kernel
//! ([`set_write_timeout`]).

use crate::body_limits::BodyLimits;
use crate::body_limits::{MinRate, TransferDeadline};
use crate::body_limits::{OutOfMemory, Reservation};
use crate::context::Context;
use crate::problem::Problem;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::rt;
use actix_web::rt::net::TcpStream;
use actix_web::rt::task::JoinHandle;
use actix_web::web::{Bytes, Data};
use std::cell::RefCell;
use std::error::Error;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::answer";
/// Responses up to this size take no memory of the budget: they are written with the head.
const MAX_UNCOUNTED_BYTES: u64 = 0x1_0000;
/// The largest piece that the server gets at once.
const MAX_PIECE_BYTES: usize = 0x8000;
/// The memory of a streamed body in the server and the stream, whatever its length.
const STREAM_BUFFER_BYTES: usize = 0x2_0000;

/// Bounds a response, or replaces it by a 503 if there is no memory. The response of an unsafe method is sent all the same, as it has
/// changed something.
pub(super) async fn bound(response: ServiceResponse) -> ServiceResponse {
    let size = response.response().body().size();
    if matches!(size, BodySize::None | BodySize::Sized(..=MAX_UNCOUNTED_BYTES)) {
        return response;
    }
    let Some(context) = response.request().app_data::<Data<Context>>() else {
        return response;
    };
    let limits = context.bodies.clone();
    let is_safe = response.request().method().is_safe();
    let (request, answer) = response.into_parts();
    let (head, body) = answer.into_parts();
    let (source, needed) = match body.try_into_bytes() {
        Ok(bytes) => {
            let length = bytes.len();
            (Source::Whole(bytes), length)
        }
        Err(body) => (Source::Stream(body), STREAM_BUFFER_BYTES),
    };
    let reserved = if is_event_stream(head.headers()) {
        Ok(None)
    } else {
        reserve(&limits, &source, needed).await.map(Some)
    };
    match reserved {
        Err(error) if is_safe => ServiceResponse::from_err(Problem::from(error), request),
        reserved => {
            let memory = reserved.ok().flatten();
            let body = BoundedBody::new(source, size, memory, limits.min_rate);
            ServiceResponse::new(request, head.set_body(BoxBody::new(body)))
        }
    }
}

/// Whether a response is a stream of server-sent events. It takes no memory of the budget: its events are small, it lasts for
/// minutes, and thousands of them would take all. A server limits their number instead.
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    let media_type = media_type.and_then(|media_type| media_type.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("text/event-stream"))
}

/// A whole response does not wait for memory: those that wait would hold the memory that is short.
async fn reserve(limits: &BodyLimits, source: &Source, bytes: usize) -> Result<Reservation, OutOfMemory> {
    match source {
        Source::Stream(_) => limits.memory.reserve(bytes).await,
        Source::Whole(_) => {
            let mut memory = limits.memory.reservation();
            memory.try_grow_to(bytes).map(|()| memory)
        }
    }
}

enum Source {
    Whole(Bytes),
    Stream(BoxBody),
}

/// A body that is dropped if it is read too slowly.
struct BoundedBody {
    size: BodySize,
    /// `None` once it has ended or was dropped.
    held: Rc<RefCell<Option<Held>>>,
    watch: Option<JoinHandle<()>>,
    /// Whether all of it was yielded.
    is_done: bool,
}

struct Held {
    source: Source,
    /// The rest of the stream's last piece.
    rest: Bytes,
    deadline: TransferDeadline,
    /// Whether it waits for its source and not for the client.
    is_starved: bool,
    rate: MinRate,
    _memory: Option<Reservation>,
}

impl BoundedBody {
    fn new(source: Source, size: BodySize, memory: Option<Reservation>, rate: MinRate) -> Self {
        let (rest, deadline) = (Bytes::new(), rate.begin());
        let held = Held { source, rest, deadline, is_starved: false, rate, _memory: memory };
        Self { size, held: Rc::new(RefCell::new(Some(held))), watch: None, is_done: false }
    }
}

impl MessageBody for BoundedBody {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.size
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        let this = self.get_mut();
        if this.is_done {
            return Poll::Ready(None);
        }
        let mut held = this.held.borrow_mut();
        let Some(body) = held.as_mut() else {
            return Poll::Ready(Some(Err("the answer was taken too slowly".into())));
        };
        let piece = body.poll_piece(context);
        if matches!(piece, Poll::Ready(None | Some(Err(_)))) {
            *held = None;
            this.is_done = true;
        } else if this.watch.is_none() {
            this.watch = Some(rt::spawn(drop_when_late(Rc::downgrade(&this.held))));
        }
        piece
    }
}

impl Drop for BoundedBody {
    fn drop(&mut self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

impl Held {
    fn poll_piece(&mut self, context: &mut TaskContext<'_>) -> Poll<Option<Result<Bytes, Box<dyn Error>>>> {
        if std::mem::take(&mut self.is_starved) {
            self.deadline = self.rate.begin();
        }
        if self.rest.is_empty() {
            match &mut self.source {
                Source::Whole(bytes) => self.rest = std::mem::take(bytes),
                Source::Stream(body) => match Pin::new(body).poll_next(context) {
                    Poll::Ready(Some(Ok(piece))) => self.rest = piece,
                    Poll::Pending => {
                        self.is_starved = true;
                        return Poll::Pending;
                    }
                    end @ Poll::Ready(_) => return end,
                },
            }
        }
        let piece = self.rest.split_to(self.rest.len().min(MAX_PIECE_BYTES));
        self.deadline.record_progress(piece.len());
        match &self.source {
            Source::Whole(_) if piece.is_empty() => Poll::Ready(None),
            Source::Whole(_) | Source::Stream(_) => Poll::Ready(Some(Ok(piece))),
        }
    }

    /// The time of the next check; `None` if it is late.
    fn next_check(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.is_starved {
            return Some(now + self.rate.grace);
        }
        Some(self.deadline.at()).filter(|at| *at > now)
    }
}

/// Drops a body when it is late.
async fn drop_when_late(held: Weak<RefCell<Option<Held>>>) {
    loop {
        let Some(held) = held.upgrade() else { return };
        let Some(next) = held.borrow().as_ref().map(Held::next_check) else { return };
        let Some(next) = next else {
            tracing::debug!(target: LOG_TARGET, "an answer was taken too slowly");
            // Dropped after the borrow: its destructor may borrow it.
            let late = held.borrow_mut().take();
            drop(late);
            return;
        };
        drop(held);
        sleep_until(next).await;
    }
}

/// Sets the time after which the kernel aborts a connection whose client reads nothing (`TCP_USER_TIMEOUT`, RFC 5482).
pub(super) fn set_write_timeout(stream: &TcpStream, time: Duration) {
    #[cfg(target_os = "linux")]
    drop(socket2::SockRef::from(stream).set_tcp_user_timeout(Some(time)));
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, time);
}
