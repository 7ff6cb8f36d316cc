//! The rate limit of password grants at the token endpoint.
//!
//! The gateway limits logins by route. It cannot tell a password grant from a refresh without reading the body, so that
//! grants are limited here, at the same rate, before the password is checked.

use crate::client_address::ClientAddress;
use crate::error::Error;
use shared::clock::Clock;
use shared::rate_limit::{Rate, RateLimited, RateLimiter, SWEEP_INTERVAL};
use shared::service::Service;
use shared::tasks::Tasks;
use shared_web::metrics::{LimitHits, Metrics};
use std::num::NonZeroU32;
use std::sync::Arc;

/// Limits the password grants from each address.
pub struct PasswordGrants {
    /// `None` without a limit.
    limiter: Option<Arc<RateLimiter<Clock>>>,
    hits: LimitHits,
}

impl PasswordGrants {
    /// Starts the limiter, and its sweep in `tasks`.
    pub fn spawn(rate: Option<Rate>, clock: &Clock, metrics: &Metrics, tasks: &Tasks) -> Self {
        let limiter = rate.map(|rate| Arc::new(RateLimiter::with_clock(rate, clock.clone())));
        if let Some(limiter) = limiter.clone() {
            tasks.every(SWEEP_INTERVAL, move || {
                limiter.sweep();
                std::future::ready(())
            });
        }
        Self { limiter, hits: metrics.limit_hits_counter(Service::Auth, "password_grants") }
    }

    /// Takes one grant from this address, or fails with the seconds to wait. A loopback address is not limited: behind a
    /// proxy on this machine that is not configured as trusted, all clients have it. The gateway does the same for logins.
    pub fn take(&self, ClientAddress(address): ClientAddress) -> Result<(), Error> {
        let Some(limiter) = self.limiter.as_ref().filter(|_| !address.is_loopback()) else {
            return Ok(());
        };
        limiter.take(address.as_u128(), NonZeroU32::MIN).map(drop).map_err(
            |RateLimited { retry_after_seconds, .. }| {
                self.hits.hit();
                Error::RateLimited(retry_after_seconds)
            },
        )
    }
}
