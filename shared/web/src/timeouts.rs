//! The time-outs of a server: each is longer than those within it.
//!
//! A client's time-out should be longer than the gateway's, which is longer than that of a service's handler, which is longer than
//! that of a statement. So the innermost expires first, and the layer around it can report it.

use shared::env::{ConfigError, Env};
use shared::http_client::POOL_IDLE_TIMEOUT;
use shared::settings;
use std::time::Duration;

/// The time-outs of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerTimeouts {
    /// From the connection to its first byte, and from then on to the end of the first head.
    pub head: Duration,
    /// From a response to the whole head of the next request on its connection.
    pub idle: Duration,
    /// Of a handler, without the reading of the request.
    pub service: Duration,
    /// Of one statement of the database.
    pub statement: Duration,
}

impl Default for ServerTimeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { head: seconds(5), idle: seconds(75), service: seconds(20), statement: seconds(10) }
    }
}

impl ServerTimeouts {
    /// Reads `HEAD_TIMEOUT`, `IDLE_TIMEOUT`, `SERVICE_TIMEOUT` and `STATEMENT_TIMEOUT`, in seconds.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let default = Self::default();
        let times = settings!(Self {
            head: env.timeout("HEAD_TIMEOUT", default.head),
            idle: env.timeout("IDLE_TIMEOUT", default.idle),
            service: env.timeout("SERVICE_TIMEOUT", default.service),
            statement: env.timeout("STATEMENT_TIMEOUT", default.statement),
        })?;
        let (service, statement) =
            (("SERVICE_TIMEOUT", times.service), ("STATEMENT_TIMEOUT", times.statement));
        must_be_longer(service, statement)?;
        must_be_longer(("IDLE_TIMEOUT", times.idle), ("the reuse of a connection", POOL_IDLE_TIMEOUT))?;
        Ok(times)
    }
}

/// An error if the outer time-out is not longer than the inner one.
pub fn must_be_longer(outer: (&str, Duration), inner: (&str, Duration)) -> Result<(), ConfigError> {
    if outer.1 > inner.1 {
        return Ok(());
    }
    let (has, least) = (outer.1.as_secs(), inner.1.as_secs());
    let problem = format!("is {has} s; expected more than {}, which is {least} s", inner.0);
    Err(ConfigError::new(outer.0, problem))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_that_is_not_longer_than_an_inner_one_is_an_error_of_one_line() {
        let line = |name, value| ServerTimeouts::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
        assert_eq!(
            line("SERVICE_TIMEOUT", "10"),
            "SERVICE_TIMEOUT: is 10 s; expected more than STATEMENT_TIMEOUT, which is 10 s"
        );
        assert_eq!(
            line("STATEMENT_TIMEOUT", "30"),
            "SERVICE_TIMEOUT: is 20 s; expected more than STATEMENT_TIMEOUT, which is 30 s"
        );
        assert!(line("IDLE_TIMEOUT", "30").starts_with("IDLE_TIMEOUT: is 30 s; expected more than"));
        for name in ["HEAD_TIMEOUT", "IDLE_TIMEOUT", "SERVICE_TIMEOUT", "STATEMENT_TIMEOUT"] {
            for wrong in ["0", "-1", "5s", "never", "86401", "18446744073709551615"] {
                let line = line(name, wrong);
                assert!(line.starts_with(&format!("{name}: ")) && line.contains("expected"), "{line}");
            }
        }
        let env = Env::of([("SERVICE_TIMEOUT", "3"), ("STATEMENT_TIMEOUT", "2"), ("HEAD_TIMEOUT", "1")]);
        let times = ServerTimeouts::from_env(&env).unwrap();
        assert_eq!((times.service.as_secs(), times.statement.as_secs(), times.head.as_secs()), (3, 2, 1));
    }
}
