//! How long tokens of users may live.

use shared::env::{ConfigError, Env};
use std::ops::RangeInclusive;
use std::time::Duration;

/// From a second to ten years, in seconds. A token that lives for none could never be used.
pub const TOKEN_TTL_SECONDS: RangeInclusive<u64> = 1..=10 * 365 * 24 * 3600;

const DEFAULT_ACCESS_TOKEN_TTL: Duration = Duration::from_secs(3600);

/// Reads `ACCESS_TOKEN_TTL`, which whoever makes access tokens and whoever remembers their users must agree on.
pub fn access_token_ttl(env: &Env) -> Result<Duration, ConfigError> {
    env.seconds("ACCESS_TOKEN_TTL", TOKEN_TTL_SECONDS, DEFAULT_ACCESS_TOKEN_TTL)
}
