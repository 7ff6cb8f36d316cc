//! The lag of the report: the time for which changes have not all been reported.

use shared::clock::Clock;
use shared::service::Service;
use shared_web::metrics::Metrics;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// The lag of the report. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct ReportLag {
    clock: Clock,
    /// Since when there is more to report than is reported, in microseconds; 0 while there is not.
    since: Arc<AtomicI64>,
}

impl ReportLag {
    /// No lag, which is shown as a gauge.
    pub(super) fn observed(clock: Clock, metrics: &Metrics) -> Self {
        let lag = Self { clock, since: Arc::default() };
        let shown = lag.clone();
        metrics.observe(move |families| {
            let help = "Seconds for which changes of chats have not all been reported to the chat service, 0 where they are";
            families.gauge("activity_report_lag_seconds", help, Service::Branch, &[], shown.seconds());
        });
        lag
    }

    /// Takes note that not all is reported.
    pub(super) fn begin(&self) {
        let now = self.clock.now().as_micros();
        // It stays as it is where it has begun before.
        _ = self.since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Takes note that all is reported.
    pub(super) fn end(&self) {
        self.since.store(0, Ordering::Relaxed);
    }

    fn seconds(&self) -> i64 {
        match self.since.load(Ordering::Relaxed) {
            0 => 0,
            since => (self.clock.now().as_micros() - since) / 1_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_lag_counts_from_the_first_step_that_did_not_report_all() {
        let clock = Clock::manual();
        let lag = ReportLag::observed(clock.clone(), &Metrics::off());
        assert_eq!(lag.seconds(), 0);
        for expected in [0, 3, 6] {
            lag.begin();
            assert_eq!(lag.seconds(), expected);
            clock.advance(Duration::from_secs(3));
        }
        lag.end();
        assert_eq!(lag.seconds(), 0);
    }
}
