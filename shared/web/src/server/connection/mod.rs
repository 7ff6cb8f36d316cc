//! The connections of a server, below its HTTP library: requests are handed to it one at a time.
//!
//! The library's dispatcher decodes what was pipelined before the last request is answered, and times nothing but the first
//! head. Here a thin stream under it ([`stream`]) finds where a request ends, by the same parser ([`framing`]), and holds back
//! what follows until the answer is written; it closes a connection that has had no answer for `IDLE_TIMEOUT`. It delays and
//! withholds bytes, and never changes one. `docs/decisions/0001-connections.md` says why.

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

/// The connections of a server, and how many are so many that none may stay idle.
#[derive(Clone)]
pub(super) struct Connections {
    open: TaskTracker,
    silent: TaskTracker,
    crowded_from: usize,
    cancels: bool,
}

impl Connections {
    /// With at most so many at once, among them the silent ones, which have asked nothing yet. From seven eighths of them on
    /// each answer is the last on its connection, so that those who wait for a connection get one, as long as anything is
    /// answered. What a client has asked is perhaps cancelled when it says no more.
    pub(super) fn new(max: usize, silent: TaskTracker, cancels: bool) -> Self {
        Self { open: TaskTracker::new(), silent, crowded_from: max - max / 8, cancels }
    }

    fn open(&self) -> Connection {
        Connection {
            silent: Cell::new(Some(self.silent.token())),
            open: self.open.token(),
            crowded_from: self.crowded_from,
            cancels: self.cancels,
            turn: Cell::new(Turn::Idle),
            pass: Cell::default(),
            is_last: Cell::default(),
            ends_after_answer: Cell::default(),
            has_unread: Cell::default(),
        }
    }
}

/// Whose turn it is on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// The client's: all that was asked is answered.
    Idle,
    /// The dispatcher's: it was given a head.
    Given,
    /// The service's: it was called.
    InFlight,
    /// The dispatcher's: the answer has ended, and is to be written.
    Answered,
}

/// A connection, as its stream and its requests know it.
pub(super) struct Connection {
    /// Is held until the first request has come.
    silent: Cell<Option<TaskTrackerToken>>,
    open: TaskTrackerToken,
    crowded_from: usize,
    /// Whether what the client has asked is cancelled when it says no more.
    cancels: bool,
    turn: Cell<Turn>,
    pass: Cell<u32>,
    is_last: Cell<bool>,
    ends_after_answer: Cell<bool>,
    has_unread: Cell<bool>,
}

impl Connection {
    /// The connection of a request.
    pub(super) fn of(request: &ServiceRequest) -> Option<&Rc<Self>> {
        request.conn_data::<Rc<Self>>()
    }

    /// Whether there are so many connections that this one may not stay idle after its answer.
    pub(super) fn is_crowded(&self) -> bool {
        self.open.task_tracker().len() >= self.crowded_from
    }

    /// Whether no request can follow: the end of the body is unknown, or what has come behind it begins no head, as the rest of
    /// a body does that is longer than its `Content-Length` says.
    pub(super) fn ends_after_answer(&self) -> bool {
        self.ends_after_answer.get()
    }

    /// The answer to the request that is in flight is the last.
    pub(super) fn close_after_answer(&self) {
        self.is_last.set(true);
    }

    /// Whether the next head may be given to the dispatcher.
    fn takes_next(&self) -> bool {
        self.turn.get() == Turn::Idle && !self.is_last.get()
    }

    /// Whether nothing is being answered, so that the client is waited for.
    fn waits_for_client(&self) -> bool {
        matches!(self.turn.get(), Turn::Idle | Turn::Given)
    }

    /// The service is called, in this pass of the dispatcher.
    fn begin(&self) -> u32 {
        drop(self.silent.take());
        self.turn.set(Turn::InFlight);
        self.pass()
    }

    /// The dispatcher begins each pass by reading.
    fn pass(&self) -> u32 {
        self.pass.get()
    }

    fn end(&self) {
        self.turn.set(Turn::Answered);
    }
}
