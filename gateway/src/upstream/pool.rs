//! Connection pool: the idle connections of one worker to one replica.

use super::replica::{InFlightGuard, Replica};
use crate::http1::connection::Connection;
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

    /// Takes a connection on which a request can be sent now.
    pub(crate) fn take(&self, now: Instant) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some(mut last) = idle.pop_if(|last| now.duration_since(last.since) < POOL_IDLE_TIMEOUT) {
            if last.connection.is_idle() {
                return Some(last.connection);
            }
        }
        None
    }

    fn put(&self, connection: Connection) {
        if !self.is_closed.get() {
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
    /// Returns the connection to its pool if another request can be sent on it, as the response was read to its end.
    pub(crate) fn release(self) {
        if let Some(connection) = self.connection.used() {
            self.replica.pool.put(connection);
        }
    }
}
