//! A histogram of durations.

use shared::service::Service;
use shared_web::metrics::MetricFamilies;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Durations, counted by upper bounds in milliseconds. The last bucket has no bound.
#[derive(Debug)]
pub(crate) struct DurationHistogram {
    bounds: &'static [u64],
    buckets: Vec<AtomicU64>,
    sum_micros: AtomicU64,
}

impl DurationHistogram {
    /// A histogram without durations.
    pub(crate) fn new(bounds: &'static [u64]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, buckets, sum_micros: AtomicU64::new(0) }
    }

    /// Counts a duration.
    pub(crate) fn record(&self, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds.iter().position(|bound| micros <= bound * 1_000);
        if let Some(bucket) = self.buckets.get(bucket.unwrap_or(self.bounds.len())) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Adds the cumulative counts, with the label `le`, and the sum in milliseconds.
    pub(crate) fn show(
        &self,
        families: &mut MetricFamilies,
        (counts, counts_help): (&'static str, &'static str),
        (sum, sum_help): (&'static str, &'static str),
    ) {
        let bounds = self.bounds.iter().map(u64::to_string).chain(["+Inf".to_owned()]);
        let mut below = 0_u64;
        for (bound, count) in bounds.zip(&self.buckets) {
            below += count.load(Ordering::Relaxed);
            families.counter(counts, counts_help, Service::Answer, &[("le", &bound)], below);
        }
        let millis = self.sum_micros.load(Ordering::Relaxed) / 1_000;
        families.counter(sum, sum_help, Service::Answer, &[], millis);
    }
}
