//! The state of the pools of connections.

use crate::store::Store;
use shared::pool_state::PoolState;

/// Both engines have this, but no type that can be named without the crate of the pool.
macro_rules! state {
    ($name:literal, $pool:expr) => {{
        let status = $pool.status();
        PoolState {
            name: $name,
            used: status.size.saturating_sub(status.available),
            idle: status.available,
            max: status.max_size,
            waiting: status.waiting,
        }
    }};
}

impl Store {
    /// The pools, as they are now.
    pub fn pools(&self) -> Vec<PoolState> {
        match self {
            Self::Postgres(pool) => vec![state!("postgresql", pool)],
            Self::Sqlite { writer, readers, .. } => {
                vec![state!("sqlite_writer", writer), state!("sqlite_readers", readers)]
            }
        }
    }
}
