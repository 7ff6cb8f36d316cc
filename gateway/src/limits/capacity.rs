//! How many requests a replica has at once, as the environment has it.

use shared::config::{ConfigError, Env};
use shared::settings;

/// More than a replica could ever have at once.
const MAX_REQUESTS: usize = 1_000_000;

/// How many requests of each kind a replica has at once, and how many more may wait for it.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Of requests that change nothing.
    pub reads: usize,
    /// Of other requests.
    pub writes: usize,
    /// Of requests for which a password is hashed. The auth service works on one for each core, and keeps the others.
    pub passwords: usize,
    /// Of each kind. By default as many as may wait in the kernel to be accepted, so that those who come at once after a
    /// restart are served one after the other and not refused.
    pub waiting: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { reads: 64, writes: 64, passwords: 64, waiting: 1024 }
    }
}

impl Capacity {
    /// Reads `UPSTREAM_LIMIT` and the variables that begin with it. `None` says that there is no limit.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        struct Read {
            capacity: Capacity,
            is_on: bool,
        }
        let number = |name, least, default| env.number(name, "requests", least..=MAX_REQUESTS, default);
        let default = Self::default();
        let read = settings!(Read {
            capacity: settings!(Self {
                reads: number("UPSTREAM_LIMIT_READS", 1, default.reads),
                writes: number("UPSTREAM_LIMIT_WRITES", 1, default.writes),
                passwords: number("UPSTREAM_LIMIT_PASSWORDS", 1, default.passwords),
                waiting: number("UPSTREAM_LIMIT_WAITING", 0, default.waiting),
            }),
            is_on: env.switch("UPSTREAM_LIMIT", true),
        })?;
        Ok(read.is_on.then_some(read.capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_number_stops_the_start_with_one_line_that_names_it() {
        for (name, value) in [
            ("UPSTREAM_LIMIT", "none"),
            ("UPSTREAM_LIMIT_READS", "0"),
            ("UPSTREAM_LIMIT_WRITES", "-1"),
            ("UPSTREAM_LIMIT_PASSWORDS", "x"),
            ("UPSTREAM_LIMIT_WAITING", "9999999999999999999"),
        ] {
            let line = Capacity::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{name}: ")) && line.contains("expected"), "{line}");
        }
        assert!(Capacity::from_env(&Env::of([("UPSTREAM_LIMIT", "off")])).unwrap().is_none());
        let env = Env::of([("UPSTREAM_LIMIT_WAITING", "0")]);
        assert_eq!(Capacity::from_env(&env).unwrap().unwrap().waiting, 0);
    }
}
