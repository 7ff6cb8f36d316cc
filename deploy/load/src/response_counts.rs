//! Counts of responses, for the current second and for the run.

use crate::api_client::CONNECTION_REFUSED;
use crate::figures::percentile;
use crate::traffic::Outcome;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The counts of a run.
#[derive(Debug, Default)]
pub(crate) struct ResponseCounts(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    second: SecondCounts,
    reads: Totals,
    writes: Totals,
}

/// The responses of one second.
#[derive(Debug, Default)]
pub(crate) struct SecondCounts {
    failed: usize,
    latencies: Vec<Duration>,
}

/// The responses of the run to one kind of request.
#[derive(Debug, Default)]
struct Totals {
    answered: usize,
    failed: BTreeMap<String, usize>,
}

impl ResponseCounts {
    pub(crate) fn add(&self, outcome: Outcome) {
        self.with(|counts| {
            let totals = if outcome.is_write { &mut counts.writes } else { &mut counts.reads };
            match outcome.result {
                Ok(()) => {
                    totals.answered += 1;
                    counts.second.latencies.push(outcome.latency);
                }
                Err(why) => {
                    *totals.failed.entry(why).or_default() += 1;
                    counts.second.failed += 1;
                }
            }
        });
    }

    pub(crate) fn take_second(&self) -> SecondCounts {
        self.with(|counts| std::mem::take(&mut counts.second))
    }

    pub(crate) fn failed_reads(&self) -> FailureCounts {
        self.with(|counts| counts.reads.failed())
    }

    pub(crate) fn failed_writes(&self) -> FailureCounts {
        self.with(|counts| counts.writes.failed())
    }

    pub(crate) fn summary(&self) -> String {
        self.with(|counts| format!("GET: {}\nPOST: {}", counts.reads, counts.writes))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Counts) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The numbers of failed requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FailureCounts {
    /// Connections that were refused.
    pub(crate) refused: usize,
    /// Failures on an established connection.
    pub(crate) on_connection: usize,
}

impl Totals {
    fn failed(&self) -> FailureCounts {
        let refused = self.failed.get(CONNECTION_REFUSED).copied().unwrap_or_default();
        FailureCounts { refused, on_connection: self.failed.values().sum::<usize>() - refused }
    }
}

impl fmt::Display for SecondCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (p50, p99) = (percentile(&self.latencies, 50), percentile(&self.latencies, 99));
        write!(f, "{} answered, {} failed, ", self.latencies.len(), self.failed)?;
        write!(f, "p50 {:.1} ms, p99 {:.1} ms", p50.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3)
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered, {} failed", self.answered, self.failed.values().sum::<usize>())?;
        self.failed.iter().try_for_each(|(why, count)| write!(f, "\n  {count} x {why}"))
    }
}
