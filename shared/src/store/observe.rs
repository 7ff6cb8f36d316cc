//! What the metrics say of the pools of connections.

use super::Store;
use crate::identity::Service;
use crate::metrics::{ConnectionPool, Metrics};

/// Both engines have this, but no type that can be named without the crate of the pool.
macro_rules! state {
    ($name:literal, $pool:expr) => {{
        let status = $pool.status();
        ConnectionPool {
            name: $name,
            used: status.size.saturating_sub(status.available),
            idle: status.available,
            max: status.max_size,
            waiting: status.waiting,
        }
    }};
}

impl Store {
    /// Shows the connections of a service's store, as they are whenever somebody asks.
    pub fn observe(&self, service: Service, metrics: &Metrics) {
        let store = self.clone();
        metrics.observe(move |readings| match &store {
            Self::Postgres(pool) => readings.pool(service, &state!("postgresql", pool)),
            Self::Sqlite { writer, readers, .. } => {
                readings.pool(service, &state!("sqlite_writer", writer));
                readings.pool(service, &state!("sqlite_readers", readers));
            }
        });
    }
}
