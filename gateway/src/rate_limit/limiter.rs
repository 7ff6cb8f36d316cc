//! One rate limit, with its headers and its metric.

use super::headers::RateLimitHeaders;

use super::byte_rate::ByteRate;
use actix_web::http::header::HeaderValue;
use shared::rate_limit::{Rate, RateLimited, RateLimiter};
use shared::service::Service;
use shared_web::metrics::{LimitHits, Metrics};
use std::num::NonZeroU32;

/// A rate limit on the requests, or the bytes, of each key.
pub(super) struct Limiter {
    name: &'static str,
    rate: Rate,
    /// What one token of the bucket stands for: a request, or 1024 bytes.
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

    /// A limit on bytes, in KiB.
    pub(super) fn of_bytes(name: &'static str, rate: ByteRate, metrics: &Metrics) -> Self {
        Self::of_units(name, rate.kibibytes(), 1024, metrics)
    }

    fn of_units(name: &'static str, rate: Rate, unit: u64, metrics: &Metrics) -> Self {
        let quota = u64::from(rate.count()) * unit;
        // The quota unit of draft-ietf-httpapi-ratelimit-headers-10, 2.1.2; the default is requests.
        let quota_unit = if unit == 1 { "" } else { ";qu=\"content-bytes\"" };
        let policy = format!("\"{name}\";q={quota}{quota_unit};w={}", rate.seconds());
        Self {
            name,
            rate,
            unit,
            // The text has only characters that a header may have.
            policy: HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("")),
            buckets: RateLimiter::new(rate),
            hits: metrics.limit_hits_counter(Service::Gateway, name),
        }
    }

    /// Takes one request of this key; the error is the seconds to wait.
    pub(super) fn take(&self, key: u128) -> (RateLimitHeaders, Result<(), u64>) {
        self.take_many(key, NonZeroU32::MIN)
    }

    /// Takes this many at once, or none of them.
    pub(super) fn take_many(&self, key: u128, count: NonZeroU32) -> (RateLimitHeaders, Result<(), u64>) {
        match self.buckets.take(key, count) {
            Ok(left) => (self.headers(left), Ok(())),
            Err(RateLimited { left, retry_after_seconds }) => {
                self.hits.hit();
                (self.headers(left), Err(retry_after_seconds))
            }
        }
    }

    /// The seconds in which this many are refilled.
    pub(super) fn seconds_for(&self, count: u32) -> u64 {
        self.rate.seconds_to_full(self.rate.count().saturating_sub(count))
    }

    fn headers(&self, left: u32) -> RateLimitHeaders {
        RateLimitHeaders {
            name: self.name,
            policy: self.policy.clone(),
            left: u64::from(left) * self.unit,
            quota: u64::from(self.rate.count()) * self.unit,
            seconds_to_full: self.rate.seconds_to_full(left),
        }
    }

    /// Forgets the keys whose bucket is full again.
    pub(super) fn sweep(&self) {
        self.buckets.sweep();
    }
}
