//! Counters of the commits of a SQLite file.

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

    pub(super) fn counts(&self) -> CommitCounts {
        let (commits, operations) = (&self.commits, &self.operations);
        CommitCounts {
            commits: commits.load(Ordering::Relaxed),
            operations: operations.load(Ordering::Relaxed),
        }
    }
}
