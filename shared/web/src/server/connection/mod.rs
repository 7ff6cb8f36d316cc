//! The connections of a server, below its HTTP library: the library gets one request at a time.
//!
//! The library's dispatcher decodes pipelined requests before the last one is answered, and has no time-out but for the first
//! head. A thin stream under it ([`stream`]) finds the end of each request by the same parser ([`framing`]), holds back what
//! follows until the response is written, and closes a connection that has had no response for `IDLE_TIMEOUT`. It delays and
//! withholds bytes, and never changes one. `docs/decisions/0001-connections.md` has the reasons.

mod chunked;
mod framing;
mod idle_timer;
mod linger;
mod service;
mod stream;

pub(super) use service::{ConnectionSettings, serve};

use actix_web::dev::ServiceRequest;
use std::cell::Cell;
use std::rc::Rc;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The connections of a server, and from how many on keep-alive is off.
#[derive(Clone)]
pub(super) struct Connections {
    open: TaskTracker,
    silent: TaskTracker,
    keep_alive_limit: usize,
    cancels_on_half_close: bool,
}

impl Connections {
    /// At most `max` connections. From 7/8 of them on each response closes its connection, so that clients in the backlog get one.
    /// `silent` tracks connections without a first request. `cancels_on_half_close`: whether a client that closes its side cancels
    /// its request.
    pub(super) fn new(max: usize, silent: TaskTracker, cancels_on_half_close: bool) -> Self {
        Self { open: TaskTracker::new(), silent, keep_alive_limit: max - max / 8, cancels_on_half_close }
    }

    fn open(&self) -> Connection {
        Connection {
            silent: Cell::new(Some(self.silent.token())),
            open: self.open.token(),
            keep_alive_limit: self.keep_alive_limit,
            cancels_on_half_close: self.cancels_on_half_close,
            phase: Cell::new(Phase::Idle),
            pass: Cell::default(),
            is_last: Cell::default(),
            ends_after_response: Cell::default(),
            has_unread: Cell::default(),
        }
    }
}

/// The phase of the present request on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The client's turn: every request is answered.
    Idle,
    /// The dispatcher's turn: it has read a head.
    HeadRead,
    /// The service's turn: it was called.
    InFlight,
    /// The dispatcher's turn: the response has ended, and is to be written.
    Responded,
}

/// The state of a connection, which its stream and its requests share.
pub(super) struct Connection {
    /// Held until the first request.
    silent: Cell<Option<TaskTrackerToken>>,
    open: TaskTrackerToken,
    keep_alive_limit: usize,
    /// Whether a client that closes its side cancels its request.
    cancels_on_half_close: bool,
    phase: Cell<Phase>,
    pass: Cell<u32>,
    is_last: Cell<bool>,
    ends_after_response: Cell<bool>,
    has_unread: Cell<bool>,
}

impl Connection {
    /// The connection of a request.
    pub(super) fn of(request: &ServiceRequest) -> Option<&Rc<Self>> {
        request.conn_data::<Rc<Self>>()
    }

    /// Whether there are so many connections that this one is closed after its response.
    pub(super) fn is_over_keep_alive_limit(&self) -> bool {
        self.open.task_tracker().len() >= self.keep_alive_limit
    }

    /// Whether no request can follow: the end of the body is unknown, or the bytes behind it begin no head, like the rest of a body
    /// that is longer than its `Content-Length`.
    pub(super) fn ends_after_response(&self) -> bool {
        self.ends_after_response.get()
    }

    /// Marks the response of the request in flight as the last.
    pub(super) fn close_after_response(&self) {
        self.is_last.set(true);
    }

    /// Whether the dispatcher may read the next head.
    fn takes_next(&self) -> bool {
        self.phase.get() == Phase::Idle && !self.is_last.get()
    }

    /// Whether the connection waits for its client.
    fn waits_for_client(&self) -> bool {
        matches!(self.phase.get(), Phase::Idle | Phase::HeadRead)
    }

    /// Marks that the service is called, and returns the dispatcher's pass.
    fn begin(&self) -> u32 {
        drop(self.silent.take());
        self.phase.set(Phase::InFlight);
        self.pass()
    }

    /// The number of the dispatcher's pass: it begins each by reading.
    fn pass(&self) -> u32 {
        self.pass.get()
    }

    fn end(&self) {
        self.phase.set(Phase::Responded);
    }
}
