//! How many password grants are taken from an address.
//!
//! The gateway limits logins by their route. A grant at the token endpoint it cannot tell from a refresh without reading the
//! body, so that it is counted here, with the same rate and before the password is looked at.

use crate::client_address::ClientAddress;
use crate::error::Error;
use shared::clock::Clock;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};
use shared::rate_limit::{Rate, RateLimited, RateLimiter, SWEEP_INTERVAL};
use shared::server::Tasks;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Limits the password grants from each address.
pub struct PasswordGrants {
    /// `None` where there is no limit.
    limiter: Option<Arc<RateLimiter<Clock>>>,
    hits: LimitHits,
}

impl PasswordGrants {
    /// With none taken yet. `tasks` keep it small.
    pub fn spawn(rate: Option<Rate>, clock: &Clock, metrics: &Metrics, tasks: &Tasks) -> Self {
        let limiter = rate.map(|rate| Arc::new(RateLimiter::with_clock(rate, clock.clone())));
        if let Some(limiter) = limiter.clone() {
            let stopping = tasks.stopping().clone();
            tasks.spawn(async move {
                while stopping.run_until_cancelled(tokio::time::sleep(SWEEP_INTERVAL)).await.is_some() {
                    limiter.sweep();
                }
            });
        }
        Self { limiter, hits: metrics.limit(Service::Auth, "password_grants") }
    }

    /// Takes one from this address, or says how long to wait. Behind a proxy on this machine that nobody has named all have
    /// one address, so that this one is not limited; the gateway does not limit its logins either.
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
