//! Metrics of group commit.

use crate::metrics::collector::MetricFamilies;
use shared::commit_counts::CommitCounts;
use shared::service::Service;

impl MetricFamilies {
    /// Adds the counters of a service's commits.
    pub(super) fn commits(&mut self, service: Service, counts: CommitCounts) {
        let help = "Transactions that SQLite's writer has committed";
        self.counter("sqlite_commits", help, service, &[], counts.commits);
        let help = "Operations in the transactions that SQLite's writer has committed";
        self.counter("sqlite_committed_operations", help, service, &[], counts.operations);
    }
}
