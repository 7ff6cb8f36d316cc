//! The connections of one worker to one replica.

use super::upload::UploadBody;
use crate::fleet::{Flight, Replica};
use hyper::client::conn::http1::SendRequest;
use shared::server::REUSE;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use tokio::time::Instant;

pub(super) type Connection = SendRequest<UploadBody>;

/// A replica, and the idle connections to it.
pub(super) struct Pool {
    replica: Arc<Replica>,
    /// The one that was used last comes last.
    idle: RefCell<Vec<Idle>>,
    is_gone: Cell<bool>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// No connection yet.
    pub(super) fn new(replica: Arc<Replica>) -> Self {
        Self { replica, idle: RefCell::default(), is_gone: Cell::new(false) }
    }

    /// Whose it is.
    pub(super) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// An idle connection on which a request can be sent.
    pub(super) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while idle.pop_if(|idle| idle.connection.is_closed()).is_some() {}
        // One is not ready where the service has answered before it was sent all of a body.
        let at = idle.iter().rposition(|idle| idle.connection.is_ready())?;
        let found = idle.remove(at);
        (found.since.elapsed() < REUSE).then_some(found.connection)
    }

    fn put(&self, connection: Connection) {
        if !self.is_gone.get() && !connection.is_closed() {
            self.idle.borrow_mut().push(Idle { connection, since: Instant::now() });
        }
    }

    /// Closes what was idle for too long.
    pub(super) fn sweep(&self) {
        self.idle.borrow_mut().retain(|idle| !idle.connection.is_closed() && idle.since.elapsed() < REUSE);
    }

    /// Closes what is idle, and keeps nothing from now on. Requests on their way come to their end.
    pub(super) fn close(&self) {
        self.is_gone.set(true);
        self.idle.borrow_mut().clear();
    }
}

/// For [`Flight`].
#[derive(Clone)]
pub(super) struct Chosen {
    pub(super) pool: Rc<Pool>,
}

impl Deref for Chosen {
    type Target = Replica;

    fn deref(&self) -> &Replica {
        &self.pool.replica
    }
}

/// A connection while a request is on it. Closed when it is dropped, unless it is given back.
pub(super) struct Lease {
    pub(super) connection: Connection,
    pub(super) flight: Flight<Chosen>,
}

impl Lease {
    /// The answer was read to its end, so that another request can be sent.
    pub(super) fn give_back(self) {
        self.flight.pool.put(self.connection);
    }
}
