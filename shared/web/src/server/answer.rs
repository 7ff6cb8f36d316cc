//! Answers on their way to a client: within the memory of all bodies, and taken not too slowly.
//!
//! The server writes an answer into a buffer as fast as its body gives it, so a large body is given in pieces, which stay
//! here until the client has taken what came before. A body that is taken more slowly than [`MinRate`] allows is let go: what
//! it holds is free, and the connection breaks off at the next piece. A client that takes nothing at all is left to the
//! kernel, which breaks such a connection off ([`set_write_timeout`]).

use crate::body_limits::BodyLimits;
use crate::body_limits::{MinRate, TransferDeadline};
use crate::body_limits::{OutOfMemory, Reservation};
use crate::context::Context;
use crate::problem::Problem;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
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

/// Up to so many bytes, an answer is not counted: it leaves with the head.
const SMALL_ANSWER: u64 = 0x1_0000;
/// The largest piece that the server is given at once.
const PIECE: usize = 0x8000;
/// What the server and a body that is passed on hold of it, whatever its length.
const PASSED_ON_BYTES: usize = 0x2_0000;

/// Bounds the answer to a request, or refuses it for lack of memory. What has changed something is answered all the same.
pub(super) async fn bound(response: ServiceResponse) -> ServiceResponse {
    let size = response.response().body().size();
    if matches!(size, BodySize::None | BodySize::Sized(..=SMALL_ANSWER)) {
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
        Err(body) => (Source::Stream(body), PASSED_ON_BYTES),
    };
    match reserve(&limits, &source, needed).await {
        Err(error) if is_safe => ServiceResponse::from_err(Problem::from(error), request),
        reserved => {
            let memory = reserved.ok();
            let body = BoundedBody::new(source, size, memory, limits.min_rate);
            ServiceResponse::new(request, head.set_body(BoxBody::new(body)))
        }
    }
}

/// Nothing is waited for with a whole answer in hand: those who wait would hold what there is too little of.
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

/// A body that lets go what it holds when it is taken too slowly.
struct BoundedBody {
    size: BodySize,
    /// `None` once it is over.
    held: Rc<RefCell<Option<Held>>>,
    watch: Option<JoinHandle<()>>,
    /// Whether all of it was given.
    is_done: bool,
}

struct Held {
    source: Source,
    /// Of a piece of the stream, what was not given yet.
    rest: Bytes,
    deadline: TransferDeadline,
    /// Whether it waits for its source, and not for the client.
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
            this.watch = Some(rt::spawn(let_go_late(Rc::downgrade(&this.held))));
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
        let piece = self.rest.split_to(self.rest.len().min(PIECE));
        self.deadline.moved(piece.len());
        match &self.source {
            Source::Whole(_) if piece.is_empty() => Poll::Ready(None),
            Source::Whole(_) | Source::Stream(_) => Poll::Ready(Some(Ok(piece))),
        }
    }

    /// When it is to be looked at next; `None` if it is late.
    fn next_look(&self) -> Option<Instant> {
        let now = Instant::now();
        if self.is_starved {
            return Some(now + self.rate.grace);
        }
        Some(self.deadline.at()).filter(|at| *at > now)
    }
}

/// Lets a body go when it is late.
async fn let_go_late(held: Weak<RefCell<Option<Held>>>) {
    loop {
        let Some(held) = held.upgrade() else { return };
        let Some(next) = held.borrow().as_ref().map(Held::next_look) else { return };
        let Some(next) = next else {
            tracing::debug!("an answer was taken too slowly");
            // Not while it is borrowed: what is dropped may look here.
            let late = held.borrow_mut().take();
            drop(late);
            return;
        };
        drop(held);
        sleep_until(next).await;
    }
}

/// Has the kernel break off a connection whose client has taken nothing for so long (`TCP_USER_TIMEOUT`, RFC 5482).
pub(super) fn set_write_timeout(stream: &TcpStream, time: Duration) {
    #[cfg(target_os = "linux")]
    drop(socket2::SockRef::from(stream).set_tcp_user_timeout(Some(time)));
    #[cfg(not(target_os = "linux"))]
    let _ = (stream, time);
}
