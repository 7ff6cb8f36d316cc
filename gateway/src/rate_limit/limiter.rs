//! One limit on rates, with what its answers say of it.

use super::headers::RateLimitHeaders;

use super::byte_rate::ByteRate;
use actix_web::http::header::HeaderValue;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};
use shared::rate_limit::{Rate, RateLimited, RateLimiter};
use std::num::NonZeroU32;

/// A limit on the requests, or the bytes, of each key.
pub(super) struct Limiter {
    name: &'static str,
    rate: Rate,
    /// What one of the rate's count stands for: a request, or so many bytes.
    unit: u64,
    policy: HeaderValue,
    buckets: RateLimiter,
    hits: LimitHits,
}

impl Limiter {
    /// A limit on requests.
    pub(super) fn new(name: &'static str, rate: Rate, metrics: &Metrics) -> Self {
        Self::of_units(name, rate, 1, metrics)
    }

    /// A limit on bytes, of which KiB are taken.
    pub(super) fn of_bytes(name: &'static str, rate: ByteRate, metrics: &Metrics) -> Self {
        Self::of_units(name, rate.kibibytes(), 1024, metrics)
    }

    fn of_units(name: &'static str, rate: Rate, unit: u64, metrics: &Metrics) -> Self {
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
            buckets: RateLimiter::new(rate),
            hits: metrics.limit(Service::Gateway, name),
        }
    }

    /// Takes one request of this key: what is left for it then, or that nothing was, with the seconds to wait.
    pub(super) fn take(&self, key: u128) -> (RateLimitHeaders, Result<(), u64>) {
        self.take_many(key, NonZeroU32::MIN)
    }

    /// Takes so many at once, or none of them.
    pub(super) fn take_many(&self, key: u128, count: NonZeroU32) -> (RateLimitHeaders, Result<(), u64>) {
        match self.buckets.take(key, count) {
            Ok(left) => (self.allowance(left), Ok(())),
            Err(RateLimited { left, retry_after_seconds }) => {
                self.hits.hit();
                (self.allowance(left), Err(retry_after_seconds))
            }
        }
    }

    /// The seconds in which so many come back.
    pub(super) fn seconds_for(&self, count: u32) -> u64 {
        self.rate.seconds_to_full(self.rate.count().saturating_sub(count))
    }

    fn allowance(&self, left: u32) -> RateLimitHeaders {
        RateLimitHeaders {
            name: self.name,
            policy: self.policy.clone(),
            left: u64::from(left) * self.unit,
            quota: u64::from(self.rate.count()) * self.unit,
            seconds_to_full: self.rate.seconds_to_full(left),
        }
    }

    /// Forgets who has all of it left again.
    pub(super) fn sweep(&self) {
        self.buckets.sweep();
    }
}
