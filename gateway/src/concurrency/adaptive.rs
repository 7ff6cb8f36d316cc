//! Adaptive concurrency limit: the fewest concurrent requests with which a replica still serves as many.
//!
//! Most services do as much with a few requests at once as with many, and then answer each sooner. During overload, permits are
//! withheld as long as the recent latency is far above the latency with little load: the gradient of Netflix's
//! concurrency-limits and of Envoy's adaptive concurrency filter.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Permits are withheld while the recent latency is more than this many times the baseline.
const MAX_LATENCY_RATIO: u64 = 2;
/// The limit never falls below one part in this many of all permits.
const MIN_LIMIT_DIVISOR: usize = 8;
/// Milliseconds between two changes of the limit, at least.
const MIN_ADJUST_INTERVAL_MS: u64 = 20;
/// EWMA weight of the baseline latency: each sample counts 1/64.
const EWMA_WEIGHT_BASELINE: u64 = 64;
/// EWMA weight of the recent latency: each sample counts 1/8.
const EWMA_WEIGHT_RECENT: u64 = 8;

/// The latency of one replica, and how many permits are withheld for it.
pub(super) struct AdaptiveLimit {
    permits: usize,
    withheld: AtomicUsize,
    /// EWMA in microseconds under little load; 0 while unknown.
    baseline: AtomicU64,
    /// EWMA in microseconds of all requests.
    recent: AtomicU64,
    /// When the limit changed last, in milliseconds of the caller's clock.
    adjusted: AtomicU64,
}

/// A change of the limit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LimitChange {
    /// The limit stays.
    None,
    /// This many more permits are withheld.
    Decrease(usize),
    /// This many withheld permits are given back.
    Increase(usize),
}

impl AdaptiveLimit {
    /// The limit of a replica with this many permits, none of them withheld.
    pub(super) fn new(permits: usize) -> Self {
        Self {
            permits,
            withheld: AtomicUsize::new(0),
            baseline: AtomicU64::new(0),
            recent: AtomicU64::new(0),
            adjusted: AtomicU64::new(0),
        }
    }

    /// Records the latency of a request, and how many permits were available at its end.
    pub(super) fn record_latency(&self, latency: Duration, available: usize) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).max(1);
        update_ewma(&self.recent, micros, EWMA_WEIGHT_RECENT);
        let has_little_load = available >= self.permits - self.permits / 4;
        if has_little_load {
            update_ewma(&self.baseline, micros, EWMA_WEIGHT_BASELINE);
        }
    }

    /// Adjusts the limit at the time `now`, in milliseconds.
    pub(super) fn adjust(&self, is_overloaded: bool, now: u64) -> LimitChange {
        let withheld = self.withheld.load(Ordering::Relaxed);
        if !is_overloaded {
            let all = if withheld > 0 { self.withheld.swap(0, Ordering::Relaxed) } else { 0 };
            return if all > 0 { LimitChange::Increase(all) } else { LimitChange::None };
        }
        let (baseline, recent) = (self.baseline.load(Ordering::Relaxed), self.recent.load(Ordering::Relaxed));
        // The effect of the last change shows after the latency of one request.
        let is_due = |adjusted| now.saturating_sub(adjusted) >= MIN_ADJUST_INTERVAL_MS.max(recent / 1000);
        let due = |adjusted| is_due(adjusted).then_some(now);
        if baseline == 0 || self.adjusted.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_err() {
            return LimitChange::None;
        }
        if recent > baseline.saturating_mul(MAX_LATENCY_RATIO) {
            self.decrease(withheld)
        } else {
            self.increase()
        }
    }

    /// Multiplicative decrease: a quarter of the limit, down to the minimum.
    fn decrease(&self, withheld: usize) -> LimitChange {
        let limit = self.permits.saturating_sub(withheld);
        let min_limit = (self.permits / MIN_LIMIT_DIVISOR).max(1);
        let fewer = limit.div_ceil(4).min(limit.saturating_sub(min_limit));
        self.withheld.fetch_add(fewer, Ordering::Relaxed);
        if fewer > 0 { LimitChange::Decrease(fewer) } else { LimitChange::None }
    }

    /// Additive increase: one permit.
    fn increase(&self) -> LimitChange {
        let less = |withheld: usize| withheld.checked_sub(1);
        let is_less = self.withheld.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if is_less { LimitChange::Increase(1) } else { LimitChange::None }
    }
}

/// Blends a sample into an EWMA, where it counts 1/`weight`. Of two threads' samples at the same time, one may be lost.
fn update_ewma(ewma: &AtomicU64, sample: u64, weight: u64) {
    let old = ewma.load(Ordering::Relaxed);
    let blended = if old == 0 { sample } else { old - old / weight + sample / weight };
    ewma.store(blended.max(1), Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERMITS: usize = 64;

    /// The limit after a long overload of a service with this latency by the number of concurrent requests.
    fn limit_for(latency: impl Fn(usize) -> Duration) -> (AdaptiveLimit, usize) {
        let adaptive = AdaptiveLimit::new(PERMITS);
        for _ in 0..1000 {
            adaptive.record_latency(latency(1), PERMITS - 1);
        }
        assert_eq!(adaptive.adjust(false, 0), LimitChange::None);
        let mut limit = PERMITS;
        for round in 1..200 {
            for _ in 0..limit {
                adaptive.record_latency(latency(limit), 0);
            }
            match adaptive.adjust(true, round * MIN_ADJUST_INTERVAL_MS.max(1000)) {
                LimitChange::Decrease(fewer) => limit -= fewer,
                LimitChange::Increase(more) => limit += more,
                LimitChange::None => {}
            }
        }
        (adaptive, limit)
    }

    #[test]
    fn a_serial_service_gets_a_low_limit_until_the_overload_ends() {
        let (adaptive, limit) =
            limit_for(|concurrency| Duration::from_millis(1) * u32::try_from(concurrency).unwrap());

        assert!((PERMITS / MIN_LIMIT_DIVISOR..PERMITS / 4).contains(&limit), "{limit}");
        assert_eq!(
            adaptive.adjust(false, u64::MAX),
            LimitChange::Increase(PERMITS - limit),
            "all are given back"
        );
        assert_eq!(adaptive.adjust(false, u64::MAX), LimitChange::None);
    }

    #[test]
    fn the_limit_settles_near_the_concurrency_of_the_service() {
        let factor = |concurrency: usize| u32::try_from(concurrency.max(20)).unwrap();

        let (_, limit) = limit_for(|concurrency| Duration::from_millis(1) * factor(concurrency));

        assert!((20..=44).contains(&limit), "{limit}");
    }

    #[test]
    fn a_service_whose_latency_does_not_grow_keeps_all_permits() {
        assert_eq!(limit_for(|_| Duration::from_millis(5)).1, PERMITS);
    }

    #[test]
    fn no_permit_is_withheld_before_the_baseline_is_known() {
        let adaptive = AdaptiveLimit::new(PERMITS);
        (0..1000).for_each(|_| adaptive.record_latency(Duration::from_secs(1), 0));

        assert_eq!(adaptive.adjust(true, u64::MAX), LimitChange::None);
    }
}
