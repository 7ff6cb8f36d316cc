//! One limit on rates: what each user, or each address, has left of it.

use crate::rate_limit::rate::Rate;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The time between two calls of [`RateLimiter::sweep`] that keeps a limiter small.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// With more keys than this that are not as good as new, those who come share [`SHARED_KEYS`] among them, so that memory is
/// bounded whoever comes: some 10 MB.
const MAX_KEYS: usize = 1 << 17;
const SHARED_KEYS: u128 = 1 << 12;

/// The generic cell rate algorithm, by key.
pub struct RateLimiter<C: Clock = MonotonicClock> {
    rate: Rate,
    buckets: governor::RateLimiter<u128, DashMapStateStore<u128>, C, StateInformationMiddleware>,
    is_crowded: AtomicBool,
}

/// A key has less left than was asked for, and nothing was taken of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// What it has left.
    pub left: u32,
    /// Seconds until as much as was asked for is there.
    pub retry_after_seconds: u64,
}

impl RateLimiter {
    /// A limiter of which nothing is used.
    pub fn new(rate: Rate) -> Self {
        Self::with_clock(rate, MonotonicClock)
    }
}

impl<C: Clock> RateLimiter<C> {
    /// A limiter by another clock.
    pub fn with_clock(rate: Rate, clock: C) -> Self {
        Self {
            rate,
            buckets: governor::RateLimiter::new(rate.quota(), DashMapStateStore::default(), clock),
            is_crowded: AtomicBool::new(false),
        }
    }

    /// Takes so many of this key, and says how many are left; or none of them.
    pub fn take(&self, key: u128, count: NonZeroU32) -> Result<u32, RateLimited> {
        let key = if self.is_crowded.load(Ordering::Relaxed) { key % SHARED_KEYS } else { key };
        match self.buckets.check_key_n(&key, count) {
            Ok(Ok(state)) => Ok(state.remaining_burst_capacity()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.buckets.clock().now());
                let left = count.get().saturating_sub(self.rate.count_in(wait));
                let seconds = wait.as_nanos().div_ceil(1_000_000_000);
                Err(RateLimited {
                    left,
                    retry_after_seconds: u64::try_from(seconds).unwrap_or(u64::MAX).max(1),
                })
            }
            // More than there ever is.
            Err(_) => Err(RateLimited { left: 0, retry_after_seconds: self.rate.seconds() }),
        }
    }

    /// Forgets who has all of it left again.
    pub fn sweep(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
        self.is_crowded.store(self.buckets.len() > MAX_KEYS, Ordering::Relaxed);
    }
}

/// Limits that are tested without waiting.
impl Clock for crate::clock::Clock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_micros(u64::try_from(Self::now(self).as_micros()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn limiter(rate: &str) -> (RateLimiter<clock::Clock>, clock::Clock) {
        let clock = clock::Clock::manual();
        (RateLimiter::with_clock(rate.parse().unwrap(), clock.clone()), clock)
    }

    fn limited(left: u32, retry_after_seconds: u64) -> Result<u32, RateLimited> {
        Err(RateLimited { left, retry_after_seconds })
    }

    #[test]
    fn what_was_used_up_comes_back_one_by_one() {
        let (limiter, clock) = limiter("30/1m");
        let take = |key| limiter.take(key, NonZeroU32::MIN);
        let left: Vec<_> = (0..30).map(|_| take(1)).collect();
        assert_eq!(left, (0..30).rev().map(Ok).collect::<Vec<_>>());
        assert_eq!(take(1), limited(0, 2));
        clock.advance(Duration::from_millis(1500));
        assert_eq!(take(1), limited(0, 1));
        clock.advance(Duration::from_millis(500));
        assert_eq!((take(1), take(1)), (Ok(0), limited(0, 2)));
        assert_eq!(take(2), Ok(29));
    }

    #[test]
    fn many_are_taken_at_once_or_none_of_them() {
        let (limiter, clock) = limiter("30/1m");
        let take = |count| limiter.take(1, NonZeroU32::new(count).unwrap());
        assert_eq!(take(20), Ok(10));
        assert_eq!(take(15), limited(10, 10));
        assert_eq!(take(10), Ok(0));
        assert_eq!(take(31), limited(0, 60));
        clock.advance(Duration::from_secs(60));
        assert_eq!(take(30), Ok(0));
    }

    #[test]
    fn who_has_all_of_it_left_is_forgotten() {
        let (limiter, clock) = limiter("2/10s");
        let taken = (0..1000).filter(|key| limiter.take(*key, NonZeroU32::MIN).is_ok()).count();
        assert_eq!(taken, 1000);
        limiter.sweep();
        assert_eq!(limiter.buckets.len(), 1000);
        clock.advance(Duration::from_secs(11));
        assert_eq!(limiter.take(0, NonZeroU32::MIN), Ok(1));
        limiter.sweep();
        assert_eq!(limiter.buckets.len(), 1);
    }

    #[test]
    fn a_crowd_shares_what_there_is_and_memory_is_bounded() {
        let (limiter, clock) = limiter("2/10s");
        let take = |key| limiter.take(key, NonZeroU32::MIN).is_ok();
        assert!((0..u128::try_from(MAX_KEYS).unwrap() * 2).all(|key| take(key << 64)));
        limiter.sweep();
        let before = limiter.buckets.len();
        let taken = (0..1_000_000).filter(|key| take(u128::MAX - *key)).count();
        assert!(taken < 1_000_000, "a crowd has no more than its share");
        assert!(limiter.buckets.len() <= before + usize::try_from(SHARED_KEYS).unwrap());
        clock.advance(Duration::from_secs(60));
        limiter.sweep();
        assert!(limiter.buckets.len() <= 1 && !limiter.is_crowded.load(Ordering::Relaxed));
    }
}
