//! Connection pool: the idle connections of one worker to one replica.

use super::connection::Connection;
use super::replica::{InFlightGuard, Replica};
use shared::http_client::POOL_IDLE_TIMEOUT;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;
use tokio::time::Instant;

/// A replica, and the idle connections to it.
pub(crate) struct ConnectionPool {
    replica: Arc<Replica>,
    /// The one that was used last comes last.
    idle: RefCell<Vec<IdleConnection>>,
    is_closed: Cell<bool>,
}

struct IdleConnection {
    connection: Connection,
    since: Instant,
}

impl ConnectionPool {
    /// An empty pool.
    pub(crate) fn new(replica: Arc<Replica>) -> Self {
        Self { replica, idle: RefCell::default(), is_closed: Cell::new(false) }
    }

    pub(crate) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// Takes a connection. The service may have closed it: then it hands the request back.
    pub(crate) fn take(&self, now: Instant) -> Option<Connection> {
        let last = self.idle.borrow_mut().pop_if(|last| now.duration_since(last.since) < POOL_IDLE_TIMEOUT);
        last.map(|last| last.connection)
    }

    fn put(&self, connection: Connection) {
        if !self.is_closed.get() {
            connection.rest();
            self.idle.borrow_mut().push(IdleConnection { connection, since: Instant::now() });
        }
    }

    /// Closes connections that were idle for too long, or that the service has closed.
    pub(crate) fn sweep(&self) {
        let is_reusable =
            |idle: &mut IdleConnection| idle.since.elapsed() < POOL_IDLE_TIMEOUT && idle.connection.is_idle();
        self.idle.borrow_mut().retain_mut(is_reusable);
    }

    /// Closes the idle connections, and keeps none from now on. Requests in flight come to their end.
    pub(crate) fn close(&self) {
        self.is_closed.set(true);
        self.idle.borrow_mut().clear();
    }
}

/// A replica by its pool, for [`InFlightGuard`].
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

/// A connection with a request on it. Drop closes it, unless it is released.
pub(crate) struct PooledConnection {
    pub(crate) connection: Connection,
    pub(crate) replica: InFlightGuard<PooledReplica>,
}

impl PooledConnection {
    /// Returns the connection to its pool if another request can be sent on it.
    pub(crate) fn release(self) {
        if self.connection.is_reusable() {
            self.replica.pool.put(self.connection);
        }
    }
}
