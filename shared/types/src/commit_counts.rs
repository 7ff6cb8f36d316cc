//! The counters of group commit, of whatever database.

/// The commits since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Transactions that were committed.
    pub commits: u64,
    /// The operations in them.
    pub operations: u64,
}
