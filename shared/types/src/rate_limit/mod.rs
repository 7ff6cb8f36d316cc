//! Rate limiting: how many requests a user or an address may send in a time.

mod limiter;
mod rate;

pub use limiter::{RateLimited, RateLimiter, SWEEP_INTERVAL};
pub use rate::Rate;

use crate::env::{ConfigError, Env};

/// The default of `RATE_LIMIT_LOGIN`: 30 logins a minute from one address.
pub const DEFAULT_LOGIN_RATE: Rate = Rate::per_minute(30);

/// Reads a rate of requests, such as `30/1m`.
pub fn rate_from_env(env: &Env, name: &str, default: Rate) -> Result<Rate, ConfigError> {
    env.or(name, "a number of requests in a time, such as 30/1m", default)
}

/// Reads `RATE_LIMIT_LOGIN`: the gateway limits logins by it, and auth the password grants of OAuth 2.
pub fn login_rate_from_env(env: &Env) -> Result<Rate, ConfigError> {
    rate_from_env(env, "RATE_LIMIT_LOGIN", DEFAULT_LOGIN_RATE)
}
