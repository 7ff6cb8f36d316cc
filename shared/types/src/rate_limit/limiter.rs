//! The rate limiter: a generic cell rate algorithm (GCRA, ITU-T I.371) for each key, which is a user or an address.

use crate::rate_limit::rate::Rate;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The time between two calls of [`RateLimiter::sweep`] that keeps a limiter small.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(5);
/// The most keys that are kept exactly. Beyond it, all keys are mapped to [`SHARED_KEYS`], which bounds memory at some 10 MB.
const MAX_KEYS: usize = 1 << 17;
const SHARED_KEYS: u128 = 1 << 12;

/// A rate limiter by key.
pub struct RateLimiter<C: Clock = MonotonicClock> {
    rate: Rate,
    buckets: governor::RateLimiter<u128, DashMapStateStore<u128>, C, StateInformationMiddleware>,
    is_over_max_keys: AtomicBool,
}

/// The request exceeds the rate. Nothing was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// How many requests the key has left.
    pub left: u32,
    /// Seconds until as many as were asked for are available.
    pub retry_after_seconds: u64,
}

impl RateLimiter {
    /// A limiter in which every key has its full burst.
    pub fn new(rate: Rate) -> Self {
        Self::with_clock(rate, MonotonicClock)
    }
}

impl<C: Clock> RateLimiter<C> {
    /// The same with another clock.
    pub fn with_clock(rate: Rate, clock: C) -> Self {
        Self {
            rate,
            buckets: governor::RateLimiter::new(rate.quota(), DashMapStateStore::default(), clock),
            is_over_max_keys: AtomicBool::new(false),
        }
    }

    /// Takes `count` from the bucket of `key` and returns how many are left, or takes none.
    pub fn take(&self, key: u128, count: NonZeroU32) -> Result<u32, RateLimited> {
        let key = if self.is_over_max_keys.load(Ordering::Relaxed) { key % SHARED_KEYS } else { key };
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
            // More than the burst: never available.
            Err(_) => Err(RateLimited { left: 0, retry_after_seconds: self.rate.seconds() }),
        }
    }

    /// Drops the keys whose bucket is full again.
    pub fn sweep(&self) {
        self.buckets.retain_recent();
        self.buckets.shrink_to_fit();
        self.is_over_max_keys.store(self.buckets.len() > MAX_KEYS, Ordering::Relaxed);
    }
}

/// Lets a test move the limiter's time.
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
    fn a_used_up_burst_is_replenished_one_request_at_a_time() {
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
    fn a_batch_is_taken_whole_or_not_at_all() {
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
    fn a_sweep_drops_the_keys_with_a_full_bucket() {
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
    fn above_max_keys_keys_share_buckets_and_memory_is_bounded() {
        let (limiter, clock) = limiter("2/10s");
        let take = |key| limiter.take(key, NonZeroU32::MIN).is_ok();
        assert!((0..u128::try_from(MAX_KEYS).unwrap() * 2).all(|key| take(key << 64)));
        limiter.sweep();
        let before = limiter.buckets.len();
        let taken = (0..1_000_000).filter(|key| take(u128::MAX - *key)).count();
        assert!(taken < 1_000_000, "keys above the maximum share their buckets");
        assert!(limiter.buckets.len() <= before + usize::try_from(SHARED_KEYS).unwrap());
        clock.advance(Duration::from_secs(60));
        limiter.sweep();
        assert!(limiter.buckets.len() <= 1 && !limiter.is_over_max_keys.load(Ordering::Relaxed));
    }
}
