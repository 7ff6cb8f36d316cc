//! One limit on rates: what each user, or each address, has left of it.

use super::{Allowance, Rate};
use actix_web::http::header::HeaderValue;
use governor::RateLimiter;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};
use std::sync::atomic::{AtomicBool, Ordering};

/// With more than so many that are not as good as new, those who come share [`SHARED`] among them, so that memory is
/// bounded whoever comes: some 10 MB.
const MOST: usize = 1 << 17;
const SHARED: u128 = 1 << 12;

/// The generic cell rate algorithm, by key.
pub(super) struct Limiter<C: Clock = MonotonicClock> {
    name: &'static str,
    rate: Rate,
    policy: HeaderValue,
    buckets: RateLimiter<u128, DashMapStateStore<u128>, C, StateInformationMiddleware>,
    is_crowded: AtomicBool,
    hits: LimitHits,
}

impl Limiter {
    pub(super) fn new(name: &'static str, rate: Rate, metrics: &Metrics) -> Self {
        Self::by_clock(name, rate, metrics, MonotonicClock)
    }
}

impl<C: Clock> Limiter<C> {
    fn by_clock(name: &'static str, rate: Rate, metrics: &Metrics, clock: C) -> Self {
        let policy = format!("\"{name}\";q={};w={}", rate.count(), rate.seconds());
        Self {
            name,
            rate,
            // It has nothing but what a header may have.
            policy: HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("")),
            buckets: RateLimiter::new(rate.quota(), DashMapStateStore::default(), clock),
            is_crowded: AtomicBool::new(false),
            hits: metrics.limit(Service::Gateway, name),
        }
    }

    /// Takes one request of this key: what is left for it then, or that nothing was, with the seconds to wait.
    pub(super) fn take(&self, key: u128) -> (Allowance, Result<(), u64>) {
        let key = if self.is_crowded.load(Ordering::Relaxed) { key % SHARED } else { key };
        let (left, taken) = match self.buckets.check_key(&key) {
            Ok(state) => (state.remaining_burst_capacity(), Ok(())),
            Err(until) => {
                self.hits.hit();
                let wait = until.wait_time_from(self.buckets.clock().now()).as_nanos();
                (0, Err(u64::try_from(wait.div_ceil(1_000_000_000)).unwrap_or(u64::MAX).max(1)))
            }
        };
        let seconds_to_full = self.rate.seconds_to_full(left);
        (Allowance { name: self.name, policy: self.policy.clone(), left, seconds_to_full }, taken)
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
        (Limiter::by_clock("x", rate.parse().unwrap(), &Metrics::off(), clock.clone()), clock)
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
