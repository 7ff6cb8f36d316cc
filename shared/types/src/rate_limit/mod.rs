//! Limits on rates: how much of something is taken of whom in which time.

mod limiter;
mod rate;

pub use limiter::{RateLimited, RateLimiter, SWEEP_INTERVAL};
pub use rate::Rate;

use crate::env::{ConfigError, Env};

/// The rate of logins from one address, where nothing is said.
pub const DEFAULT_LOGIN_RATE: Rate = Rate::per_minute(30);

/// Reads a rate of requests, such as `30/1m`.
pub fn rate_from_env(env: &Env, name: &str, default: Rate) -> Result<Rate, ConfigError> {
    env.or(name, "a number of requests in a time, such as 30/1m", default)
}

/// Reads `RATE_LIMIT_LOGIN`, by which the gateway limits logins, and auth the password grants of OAuth 2.
pub fn login_rate_from_env(env: &Env) -> Result<Rate, ConfigError> {
    rate_from_env(env, "RATE_LIMIT_LOGIN", DEFAULT_LOGIN_RATE)
}
