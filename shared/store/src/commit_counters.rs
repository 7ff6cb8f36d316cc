//! Counters of the commits of a SQLite file.

use crate::store::Store;
use shared::commit_counts::CommitCounts;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(super) struct CommitCounters {
    commits: AtomicU64,
    operations: AtomicU64,
}

impl CommitCounters {
    /// Counts a commit of so many operations.
    pub(super) fn count(&self, operations: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(u64::try_from(operations).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

impl Store {
    /// The commits of SQLite's writer since the start; none on PostgreSQL.
    pub fn commits(&self) -> Option<CommitCounts> {
        let Self::Sqlite(sqlite) = self else { return None };
        let CommitCounters { commits, operations } = &*sqlite.threads.commits;
        let (commits, operations) = (commits.load(Ordering::Relaxed), operations.load(Ordering::Relaxed));
        Some(CommitCounts { commits, operations })
    }
}
