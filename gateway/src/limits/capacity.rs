//! How many requests a replica has at once, as the environment has it.

use shared::config::{ConfigError, Env};
use tokio::sync::Semaphore;

/// How many requests of each kind a replica has at once, and how many more may wait for it.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// Of requests that change nothing.
    pub reads: usize,
    /// Of other requests.
    pub writes: usize,
    /// Of requests for which a password is hashed. The auth service works on one for each core, and keeps the others.
    pub passwords: usize,
    /// Of each kind.
    pub waiting: usize,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { reads: 64, writes: 64, passwords: 64, waiting: 512 }
    }
}

impl Capacity {
    /// Reads `UPSTREAM_LIMIT` and the variables that begin with it. `None` says that there is no limit.
    pub fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let number = |name, least, default| {
            let expected = "a number of requests";
            let number = env.or(name, expected, default)?;
            if (least..=Semaphore::MAX_PERMITS).contains(&number) {
                return Ok(number);
            }
            Err(ConfigError::new(name, format!("{number} is out of range; expected {expected}")))
        };
        let default = Self::default();
        let capacity = Self {
            reads: number("UPSTREAM_LIMIT_READS", 1, default.reads)?,
            writes: number("UPSTREAM_LIMIT_WRITES", 1, default.writes)?,
            passwords: number("UPSTREAM_LIMIT_PASSWORDS", 1, default.passwords)?,
            waiting: number("UPSTREAM_LIMIT_WAITING", 0, default.waiting)?,
        };
        Ok(env.switch("UPSTREAM_LIMIT", true)?.then_some(capacity))
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
