//! How long the gateway waits for what.

use shared::config::{ConfigError, Env};
use shared::server::{Times, must_be_longer};
use shared::settings;
use std::time::Duration;

/// How long the gateway waits for what. Variables set `body`, `head` and `piece`; tests set the others, too.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For a connection to a service.
    pub connect: Duration,
    /// For the next piece of a request's body.
    pub body: Duration,
    /// For the head of an answer, from the last piece of the request's body that the service has taken.
    pub head: Duration,
    /// For the next piece of an answer's body.
    pub piece: Duration,
    /// For which a merged `OpenAPI` document is taken for true.
    pub document: Duration,
    /// Between two look-ups of a service's name.
    pub look_up: Duration,
    /// Between two checks whether a replica lives.
    pub check: Duration,
    /// For the answer to a check. Two in a row that do not come put a replica out.
    pub check_answer: Duration,
    /// For which a replica that fails is left out at first; up to 30 times as long while it fails again.
    pub out: Duration,
}

impl Timeouts {
    /// Reads `BODY_TIMEOUT`, `UPSTREAM_TIMEOUT` and `UPSTREAM_IDLE_TIMEOUT`, in seconds. A service must give up before the
    /// gateway does.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        struct Read {
            body: Duration,
            head: Duration,
            piece: Duration,
            times: Times,
        }
        let default = Self::default();
        let read = settings!(Read {
            body: env.timeout("BODY_TIMEOUT", default.body),
            head: env.timeout("UPSTREAM_TIMEOUT", default.head),
            piece: env.timeout("UPSTREAM_IDLE_TIMEOUT", default.piece),
            times: Times::from_env(env),
        })?;
        let Read { body, head, piece, times } = read;
        must_be_longer(("UPSTREAM_TIMEOUT", head), ("SERVICE_TIMEOUT", times.service))?;
        Ok(Self { body, head, piece, ..default })
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Within a cluster a connection takes a millisecond. One lost packet costs a second.
            connect: Duration::from_millis(1200),
            body: Duration::from_secs(30),
            head: Duration::from_secs(30),
            piece: Duration::from_secs(60),
            document: Duration::from_secs(5),
            look_up: Duration::from_secs(2),
            check: Duration::from_secs(2),
            check_answer: Duration::from_secs(1),
            out: Duration::from_secs(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_must_give_up_before_the_gateway_does() {
        let line = |name, value| Timeouts::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
        assert_eq!(
            line("UPSTREAM_TIMEOUT", "20"),
            "UPSTREAM_TIMEOUT: is 20 s; expected more than SERVICE_TIMEOUT, which is 20 s"
        );
        assert_eq!(
            line("SERVICE_TIMEOUT", "45"),
            "UPSTREAM_TIMEOUT: is 30 s; expected more than SERVICE_TIMEOUT, which is 45 s"
        );
        assert!(line("STATEMENT_TIMEOUT", "25").starts_with("SERVICE_TIMEOUT: is 20 s; expected more than"));
        for name in ["BODY_TIMEOUT", "UPSTREAM_TIMEOUT", "UPSTREAM_IDLE_TIMEOUT"] {
            for wrong in ["0", "x", "1.5"] {
                assert!(line(name, wrong).starts_with(&format!("{name}: ")), "{name}={wrong}");
            }
        }
        let env = Env::of([("UPSTREAM_TIMEOUT", "46"), ("SERVICE_TIMEOUT", "45"), ("BODY_TIMEOUT", "7")]);
        let patience = Timeouts::from_env(&env).unwrap();
        assert_eq!((patience.head.as_secs(), patience.body.as_secs()), (46, 7));
    }
}
