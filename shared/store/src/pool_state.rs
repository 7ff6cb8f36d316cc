//! The gauges of the pools, and the counters of commits.

use crate::store::Store;
use shared::commit_counts::CommitCounts;
use shared::pool_state::PoolState;

/// A macro, as the type of a status cannot be named without the crate of the pool.
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
    /// The commits of SQLite's writer since the start; none on PostgreSQL.
    pub fn commits(&self) -> Option<CommitCounts> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(sqlite) => Some(sqlite.threads.commits.counts()),
        }
    }

    /// The present state of the pools.
    pub fn pools(&self) -> Vec<PoolState> {
        match self {
            Self::Postgres(pool) => vec![state!("postgresql", pool)],
            Self::Sqlite(sqlite) => vec![sqlite.threads.writer.state(), sqlite.threads.readers.state()],
        }
    }
}
