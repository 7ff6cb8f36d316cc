//! Limits how many streams of events each user has open at once, so that nobody takes the permits of all.

use super::headers::RateLimitHeaders;
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use shared::ids::UserId;
use shared::service::Service;
use shared_web::metrics::{LimitHits, Metrics};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name of the limit, in headers and metrics.
const NAME: &str = "streams";
/// Seconds after which a user with too many streams may try again: one may end at any time.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Limits the open streams of each user.
pub(crate) struct UserStreamLimiter {
    max: usize,
    policy: HeaderValue,
    hits: LimitHits,
    /// Only users who have some are in it.
    open: Mutex<HashMap<UserId, usize>>,
}

/// One stream of a user, until drop.
pub(crate) struct UserStreamPermit {
    limiter: Arc<UserStreamLimiter>,
    user: UserId,
}

impl UserStreamLimiter {
    pub(super) fn new(max: usize, metrics: &Metrics) -> Arc<Self> {
        // The quota unit of draft-ietf-httpapi-ratelimit-headers-10, 2.1.2.
        let policy = format!("\"{NAME}\";q={max};qu=\"concurrent-requests\"");
        Arc::new(Self {
            max,
            // The text has only characters that a header may have.
            policy: HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("")),
            hits: metrics.limit_hits_counter(Service::Gateway, NAME),
            open: Mutex::default(),
        })
    }

    /// Opens a stream for a request of a user, or fails, and has the response name this limit.
    pub(super) fn open(
        self: &Arc<Self>,
        user: UserId,
        request: &HttpRequest,
    ) -> Result<UserStreamPermit, Error> {
        self.try_acquire(user).ok_or_else(|| {
            self.hits.hit();
            self.headers().keep(request, true);
            Error::RateLimited(RETRY_AFTER_SECONDS)
        })
    }

    fn try_acquire(self: &Arc<Self>, user: UserId) -> Option<UserStreamPermit> {
        let mut all = self.all();
        let open = all.entry(user).or_default();
        if *open >= self.max {
            return None;
        }
        *open += 1;
        Some(UserStreamPermit { limiter: Arc::clone(self), user })
    }

    fn headers(&self) -> RateLimitHeaders {
        RateLimitHeaders {
            name: NAME,
            policy: self.policy.clone(),
            left: 0,
            quota: u64::try_from(self.max).unwrap_or(u64::MAX),
            seconds_to_full: RETRY_AFTER_SECONDS,
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<UserId, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UserStreamPermit {
    fn drop(&mut self) {
        let mut all = self.limiter.all();
        if let Some(open) = all.get_mut(&self.user) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_so_many_streams_and_who_has_none_takes_no_memory() {
        let limiter = UserStreamLimiter::new(2, &Metrics::off());
        let (ann, eve) = (UserId::generate(), UserId::generate());
        let first = limiter.try_acquire(ann).unwrap();
        let second = limiter.try_acquire(ann).unwrap();
        assert!(limiter.try_acquire(ann).is_none());
        let other = limiter.try_acquire(eve).unwrap();
        drop(first);
        let third = limiter.try_acquire(ann).unwrap();
        assert!(limiter.try_acquire(ann).is_none());
        drop((second, third, other));
        assert!(limiter.all().is_empty());
    }
}
