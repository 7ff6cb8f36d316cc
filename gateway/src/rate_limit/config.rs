//! The configuration of rate limits.

use super::byte_rate::ByteRate;

use shared::env::{ConfigError, Env};
use shared::rate_limit::{DEFAULT_LOGIN_RATE, Rate, login_rate_from_env, rate_from_env};
use shared::settings;

/// The largest limit of streams: more than a gateway could ever have.
const MAX_STREAMS: usize = 1_000_000;

/// The rates by class of request, each of one user, or of one address where the user is not known.
#[derive(Debug, Clone, Copy)]
pub struct RateLimitConfig {
    /// Logins from one address; and requests of one user that ask for the password again.
    pub login: Rate,
    /// Registrations from one address.
    pub register: Rate,
    /// Requests from one address without a valid token: refreshes, those of the token endpoint, and those that are a 401.
    pub anonymous: Rate,
    /// GET, HEAD and OPTIONS of one user.
    pub reads: Rate,
    /// All other methods of one user.
    pub writes: Rate,
    /// Bytes in the bodies of those.
    pub bytes: ByteRate,
    /// Streams of events that one user has open at once.
    pub streams: usize,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self {
            login: DEFAULT_LOGIN_RATE,
            register: Rate::per_minute(30),
            anonymous: Rate::per_minute(3_000),
            reads: Rate::per_minute(30_000),
            writes: Rate::per_minute(12_000),
            bytes: ByteRate::mebibytes_per_minute(64),
            streams: 50,
        }
    }
}

impl RateLimitConfig {
    /// Reads `RATE_LIMIT` and the variables that begin with it; `None` where it is `off`.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        struct Read {
            rates: RateLimitConfig,
            is_on: bool,
        }
        let rate = |name, default| rate_from_env(env, name, default);
        let default = Self::default();
        let bytes = "a number of bytes in a time, such as 64MiB/1m";
        let read = settings!(Read {
            rates: settings!(Self {
                login: login_rate_from_env(env),
                register: rate("RATE_LIMIT_REGISTER", default.register),
                anonymous: rate("RATE_LIMIT_ANONYMOUS", default.anonymous),
                reads: rate("RATE_LIMIT_READS", default.reads),
                writes: rate("RATE_LIMIT_WRITES", default.writes),
                bytes: env.or("RATE_LIMIT_BYTES", bytes, default.bytes),
                streams: env.number("RATE_LIMIT_STREAMS", "streams", 1..=MAX_STREAMS, default.streams),
            }),
            is_on: env.switch("RATE_LIMIT", true),
        })?;
        Ok(read.is_on.then_some(read.rates))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_rate_fails_the_start_with_one_line_that_names_the_variable() {
        for name in ["RATE_LIMIT", "RATE_LIMIT_LOGIN", "RATE_LIMIT_REGISTER", "RATE_LIMIT_ANONYMOUS"]
            .into_iter()
            .chain(["RATE_LIMIT_READS", "RATE_LIMIT_WRITES", "RATE_LIMIT_BYTES", "RATE_LIMIT_STREAMS"])
        {
            let line = RateLimitConfig::from_env(&Env::of([(name, "many")])).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{name}: ")) && line.contains("expected"), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn rate_limit_off_switches_all_limits_off() {
        assert!(RateLimitConfig::from_env(&Env::of([("RATE_LIMIT", "off")])).unwrap().is_none());
        for env in [Env::default(), Env::of([("RATE_LIMIT", "on")])] {
            assert_eq!(RateLimitConfig::from_env(&env).unwrap().unwrap().login, Rate::per_minute(30));
        }
        let env = Env::of([
            ("RATE_LIMIT_LOGIN", "5/10s"),
            ("RATE_LIMIT_BYTES", "16MiB/1s"),
            ("RATE_LIMIT_STREAMS", "3"),
        ]);
        let rates = RateLimitConfig::from_env(&env).unwrap().unwrap();
        assert_eq!((RateLimitConfig::default().streams, rates.streams), (50, 3));
        assert_eq!((rates.login, rates.bytes), ("5/10s".parse().unwrap(), "16MiB/1s".parse().unwrap()));
    }
}
