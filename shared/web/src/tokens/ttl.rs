//! The lifetime of users' tokens.

use shared::env::{ConfigError, Env};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The range of lifetimes: from a second to ten years.
pub const TOKEN_TTL_SECONDS: RangeInclusive<u64> = 1..=10 * 365 * 24 * 3600;

const DEFAULT_ACCESS_TOKEN_TTL: Duration = Duration::from_secs(3600);

/// Thirty days.
const DEFAULT_REFRESH_TOKEN_TTL: Duration = Duration::from_secs(30 * 24 * 3600);

/// Added to a token's life: for the leeway of its check, and for clocks that differ.
const CLOCK_SKEW_MARGIN: Duration = Duration::from_secs(60);

/// How long a deleted account is remembered, for this lifetime of access tokens: as long as one of its tokens may be valid.
pub fn account_retention(ttl: Duration) -> Duration {
    ttl.saturating_add(CLOCK_SKEW_MARGIN)
}

/// Reads `ACCESS_TOKEN_TTL`. Services that issue access tokens, and those that remember their users, must agree on it.
pub fn access_token_ttl(env: &Env) -> Result<Duration, ConfigError> {
    env.seconds("ACCESS_TOKEN_TTL", TOKEN_TTL_SECONDS, DEFAULT_ACCESS_TOKEN_TTL)
}

/// Reads `REFRESH_TOKEN_TTL`. The auth service, which issues refresh tokens, and the gateway, whose page keeps one in a cookie, should agree
/// on it.
pub fn refresh_token_ttl(env: &Env) -> Result<Duration, ConfigError> {
    env.seconds("REFRESH_TOKEN_TTL", TOKEN_TTL_SECONDS, DEFAULT_REFRESH_TOKEN_TTL)
}
