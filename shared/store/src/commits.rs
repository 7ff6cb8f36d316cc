//! Counters of the commits of a SQLite file.

use crate::store::Store;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The commits since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Commits {
    /// Transactions that were committed.
    pub commits: u64,
    /// The operations in them.
    pub operations: u64,
    /// The time that the commits themselves took: mostly the flush of the disk.
    pub time: Duration,
}

#[derive(Debug, Default)]
pub(super) struct CommitCounters {
    commits: AtomicU64,
    operations: AtomicU64,
    micros: AtomicU64,
}

impl CommitCounters {
    pub(super) fn count(&self, operations: usize, time: Duration) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(u64::try_from(operations).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.micros.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn read(&self) -> Commits {
        Commits {
            commits: self.commits.load(Ordering::Relaxed),
            operations: self.operations.load(Ordering::Relaxed),
            time: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
        }
    }
}

impl Store {
    /// The commits of SQLite since the start; none on PostgreSQL.
    pub fn commits(&self) -> Option<Commits> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(sqlite) => Some(sqlite.threads.commits.read()),
        }
    }
}
