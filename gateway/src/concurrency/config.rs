//! The configuration of concurrency limits.

use shared::env::{ConfigError, Env};
use shared::settings;

/// The largest limit that a variable may set: more than a replica could ever have at once.
const MAX_REQUESTS: usize = 1_000_000;

/// The concurrency limits of a replica, by class, and the length of each queue.
#[derive(Debug, Clone, Copy)]
pub struct ConcurrencyConfig {
    /// Concurrent requests that change nothing.
    pub reads: usize,
    /// Other concurrent requests.
    pub writes: usize,
    /// Concurrent requests that hash a password. The auth service hashes one on each core, and queues the others.
    pub passwords: usize,
    /// Concurrent requests whose response may be a stream of events, until its end. They do not queue.
    pub answers: usize,
    /// Queued requests of each other class. By default as many as connections that the kernel queues to be accepted, so that clients
    /// that come at once after a restart are served one after the other and not refused.
    pub waiting: usize,
}

impl Default for ConcurrencyConfig {
    fn default() -> Self {
        Self { reads: 64, writes: 64, passwords: 64, answers: 4096, waiting: 1024 }
    }
}

impl ConcurrencyConfig {
    /// Reads `UPSTREAM_LIMIT` and the variables that begin with it; `None` where it is `off`.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        struct Read {
            limits: ConcurrencyConfig,
            is_on: bool,
        }
        let number = |name, min, default| env.number(name, "requests", min..=MAX_REQUESTS, default);
        let default = Self::default();
        let read = settings!(Read {
            limits: settings!(Self {
                reads: number("UPSTREAM_LIMIT_READS", 1, default.reads),
                writes: number("UPSTREAM_LIMIT_WRITES", 1, default.writes),
                passwords: number("UPSTREAM_LIMIT_PASSWORDS", 1, default.passwords),
                answers: number("UPSTREAM_LIMIT_ANSWERS", 1, default.answers),
                waiting: number("UPSTREAM_LIMIT_WAITING", 0, default.waiting),
            }),
            is_on: env.switch("UPSTREAM_LIMIT", true),
        })?;
        Ok(read.is_on.then_some(read.limits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_number_fails_the_start_with_one_line_that_names_the_variable() {
        for (name, value) in [
            ("UPSTREAM_LIMIT", "none"),
            ("UPSTREAM_LIMIT_READS", "0"),
            ("UPSTREAM_LIMIT_WRITES", "-1"),
            ("UPSTREAM_LIMIT_PASSWORDS", "x"),
            ("UPSTREAM_LIMIT_ANSWERS", "0"),
            ("UPSTREAM_LIMIT_WAITING", "9999999999999999999"),
        ] {
            let line = ConcurrencyConfig::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{name}: ")) && line.contains("expected"), "{line}");
        }
        assert!(ConcurrencyConfig::from_env(&Env::of([("UPSTREAM_LIMIT", "off")])).unwrap().is_none());
        let env = Env::of([("UPSTREAM_LIMIT_WAITING", "0")]);
        assert_eq!(ConcurrencyConfig::from_env(&env).unwrap().unwrap().waiting, 0);
    }
}
