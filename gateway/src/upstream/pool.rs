//! The connections of one worker to one replica.

use super::replica::{InFlightGuard, Replica};
use crate::http1::connection::Connection;
use shared::server::REUSE;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use tokio::time::Instant;

/// A replica, and the idle connections to it.
pub(crate) struct ConnectionPool {
    replica: Arc<Replica>,
    /// The one that was used last comes last.
    idle: RefCell<Vec<Idle>>,
    is_gone: Cell<bool>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

impl ConnectionPool {
    /// No connection yet.
    pub(crate) fn new(replica: Arc<Replica>) -> Self {
        Self { replica, idle: RefCell::default(), is_gone: Cell::new(false) }
    }

    /// Whose it is.
    pub(crate) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// An idle connection on which a request can be sent now.
    pub(crate) fn take(&self, now: Instant) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut last) = idle.pop_if(|last| now.duration_since(last.since) < REUSE) {
            if last.connection.is_idle() {
                return Some(last.connection);
            }
        }
        None
    }

    fn put(&self, connection: Connection) {
        if !self.is_gone.get() {
            self.idle.borrow_mut().push(Idle { connection, since: Instant::now() });
        }
    }

    /// Closes what was idle for too long, or was closed by the service.
    pub(crate) fn sweep(&self) {
        let is_good = |idle: &mut Idle| idle.since.elapsed() < REUSE && idle.connection.is_idle();
        self.idle.borrow_mut().retain_mut(is_good);
    }

    /// Closes what is idle, and keeps nothing from now on. Requests on their way come to their end.
    pub(crate) fn close(&self) {
        self.is_gone.set(true);
        self.idle.borrow_mut().clear();
    }
}

/// For [`InFlightGuard`].
#[derive(Clone)]
pub(crate) struct PooledReplica {
    pub(crate) pool: Rc<ConnectionPool>,
}

impl Deref for PooledReplica {
    type Target = Replica;

    fn deref(&self) -> &Replica {
        &self.pool.replica
    }
}

/// A connection while a request is on it. Closed when it is dropped, unless it is given back.
pub(crate) struct PooledConnection {
    pub(crate) connection: Connection,
    pub(crate) flight: InFlightGuard<PooledReplica>,
}

impl PooledConnection {
    /// The answer was read to its end, so that another request can be sent if the connection goes on.
    pub(crate) fn give_back(self) {
        if let Some(connection) = self.connection.used() {
            self.flight.pool.put(connection);
        }
    }
}
