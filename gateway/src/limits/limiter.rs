//! One limit on rates: what each user, or each address, has left of it.

use super::{Allowance, ByteRate, Rate};
use actix_web::http::header::HeaderValue;
use governor::RateLimiter;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

/// With more than so many that are not as good as new, those who come share [`SHARED`] among them, so that memory is
/// bounded whoever comes: some 10 MB.
const MOST: usize = 1 << 17;
const SHARED: u128 = 1 << 12;

/// The generic cell rate algorithm, by key.
pub(super) struct Limiter<C: Clock = MonotonicClock> {
    name: &'static str,
    rate: Rate,
    /// What one of the rate's count stands for: a request, or so many bytes.
    unit: u64,
    policy: HeaderValue,
    buckets: RateLimiter<u128, DashMapStateStore<u128>, C, StateInformationMiddleware>,
    is_crowded: AtomicBool,
    hits: LimitHits,
}

impl Limiter {
    /// A limit on requests.
    pub(super) fn new(name: &'static str, rate: Rate, metrics: &Metrics) -> Self {
        Self::by_clock(name, rate, 1, metrics, MonotonicClock)
    }

    /// A limit on bytes, of which KiB are taken.
    pub(super) fn of_bytes(name: &'static str, rate: ByteRate, metrics: &Metrics) -> Self {
        Self::by_clock(name, rate.kibibytes(), 1024, metrics, MonotonicClock)
    }
}

impl<C: Clock> Limiter<C> {
    fn by_clock(name: &'static str, rate: Rate, unit: u64, metrics: &Metrics, clock: C) -> Self {
        let quota = u64::from(rate.count()) * unit;
        // The quota unit of draft-ietf-httpapi-ratelimit-headers-10, 2.1.2; requests go without saying.
        let quota_unit = if unit == 1 { "" } else { ";qu=\"content-bytes\"" };
        let policy = format!("\"{name}\";q={quota}{quota_unit};w={}", rate.seconds());
        Self {
            name,
            rate,
            unit,
            // It has nothing but what a header may have.
            policy: HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("")),
            buckets: RateLimiter::new(rate.quota(), DashMapStateStore::default(), clock),
            is_crowded: AtomicBool::new(false),
            hits: metrics.limit(Service::Gateway, name),
        }
    }

    /// Takes one request of this key: what is left for it then, or that nothing was, with the seconds to wait.
    pub(super) fn take(&self, key: u128) -> (Allowance, Result<(), u64>) {
        self.take_many(key, NonZeroU32::MIN)
    }

    /// Takes so many at once, or none of them.
    pub(super) fn take_many(&self, key: u128, count: NonZeroU32) -> (Allowance, Result<(), u64>) {
        let key = if self.is_crowded.load(Ordering::Relaxed) { key % SHARED } else { key };
        let (left, taken) = match self.buckets.check_key_n(&key, count) {
            Ok(Ok(state)) => (state.remaining_burst_capacity(), Ok(())),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.buckets.clock().now());
                let left = count.get().saturating_sub(self.rate.count_in(wait));
                let seconds = wait.as_nanos().div_ceil(1_000_000_000);
                (left, Err(u64::try_from(seconds).unwrap_or(u64::MAX).max(1)))
            }
            // More than there ever is.
            Err(_) => (0, Err(self.rate.seconds())),
        };
        if taken.is_err() {
            self.hits.hit();
        }
        (self.allowance(left), taken)
    }

    /// The seconds in which so many come back.
    pub(super) fn seconds_for(&self, count: u32) -> u64 {
        self.rate.seconds_to_full(self.rate.count().saturating_sub(count))
    }

    fn allowance(&self, left: u32) -> Allowance {
        Allowance {
            name: self.name,
            policy: self.policy.clone(),
            left: u64::from(left) * self.unit,
            quota: u64::from(self.rate.count()) * self.unit,
            seconds_to_full: self.rate.seconds_to_full(left),
        }
    }

    /// Forgets who has all of it left again.
    pub(super) fn sweep(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
        self.is_crowded.store(self.buckets.len() > MOST, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;
    use std::time::Duration;

    fn limiter(rate: &str) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        (Limiter::by_clock("x", rate.parse().unwrap(), 1, &Metrics::off(), clock.clone()), clock)
    }

    #[test]
    fn what_was_used_up_comes_back_one_by_one() {
        let (limiter, clock) = limiter("30/1m");
        let left: Vec<_> = (0..30).map(|_| limiter.take(1)).map(|(a, taken)| (a.left, taken)).collect();
        assert_eq!(left, (0..30).rev().map(|left| (left, Ok(()))).collect::<Vec<_>>());
        assert_eq!(limiter.take(1).1, Err(2));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(limiter.take(1).1, Err(1));
        clock.advance(Duration::from_millis(500));
        assert_eq!((limiter.take(1).1, limiter.take(1).1), (Ok(()), Err(2)));
        assert_eq!(limiter.take(2).1, Ok(()));
    }

    #[test]
    fn many_are_taken_at_once_or_none_of_them() {
        let (limiter, clock) = limiter("30/1m");
        let take = |count| {
            let (allowance, taken) = limiter.take_many(1, NonZeroU32::new(count).unwrap());
            (allowance.left, taken)
        };
        assert_eq!(take(20), (10, Ok(())));
        assert_eq!(take(15), (10, Err(10)));
        assert_eq!(take(10), (0, Ok(())));
        assert_eq!(take(31), (0, Err(60)));
        clock.advance(Duration::from_secs(60));
        assert_eq!(take(30), (0, Ok(())));
    }

    #[test]
    fn who_has_all_of_it_left_is_forgotten() {
        let (limiter, clock) = limiter("2/10s");
        (0..1000).for_each(|key| drop(limiter.take(key)));
        limiter.sweep();
        assert_eq!(limiter.buckets.len(), 1000);
        clock.advance(Duration::from_secs(11));
        assert_eq!(limiter.take(0).1, Ok(()));
        limiter.sweep();
        assert_eq!(limiter.buckets.len(), 1);
    }

    #[test]
    fn a_crowd_shares_what_there_is_and_memory_is_bounded() {
        let (limiter, clock) = limiter("2/10s");
        let crowd = || (0..u128::try_from(MOST).unwrap() * 2).for_each(|key| drop(limiter.take(key << 64)));
        crowd();
        limiter.sweep();
        let before = limiter.buckets.len();
        (0..1_000_000).for_each(|key| drop(limiter.take(u128::MAX - key)));
        assert!(limiter.buckets.len() <= before + usize::try_from(SHARED).unwrap());
        clock.advance(Duration::from_secs(60));
        limiter.sweep();
        assert!(limiter.buckets.len() <= 1 && !limiter.is_crowded.load(Ordering::Relaxed));
    }
}
