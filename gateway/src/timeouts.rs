//! Time-outs and intervals of the gateway.

use shared::env::{ConfigError, Env};
use shared::settings;
use shared_web::timeouts::{ServerTimeouts, must_be_longer};
use std::time::Duration;

/// Time-outs and intervals. Variables set `request_body`, `response_head`, `response_body` and `stream`; tests set the others, too.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Connecting to a service.
    pub connect: Duration,
    /// The next piece of a request's body.
    pub request_body: Duration,
    /// The head of a response, from the last piece of the request's body that the service has taken.
    pub response_head: Duration,
    /// The next piece of a response's body.
    pub response_body: Duration,
    /// The whole of a response that is a stream of events.
    pub stream: Duration,
    /// How long a merged `OpenAPI` document is served before it is read anew.
    pub document_ttl: Duration,
    /// Between two look-ups of a service's name.
    pub dns_refresh_interval: Duration,
    /// Between two health checks of a replica.
    pub health_check_interval: Duration,
    /// The response to a health check. Two in a row that do not come eject the replica.
    pub health_check: Duration,
    /// The first ejection of a replica that fails; up to 30 times as long while it fails again.
    pub base_ejection: Duration,
}

impl Timeouts {
    /// Reads `BODY_TIMEOUT`, `UPSTREAM_TIMEOUT`, `UPSTREAM_IDLE_TIMEOUT` and `STREAM_MAX`, in seconds. A service must give up before the
    /// gateway does.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        struct Read {
            request_body: Duration,
            response_head: Duration,
            response_body: Duration,
            stream: Duration,
            services: ServerTimeouts,
        }
        let default = Self::default();
        let read = settings!(Read {
            request_body: env.timeout("BODY_TIMEOUT", default.request_body),
            response_head: env.timeout("UPSTREAM_TIMEOUT", default.response_head),
            response_body: env.timeout("UPSTREAM_IDLE_TIMEOUT", default.response_body),
            stream: env.timeout("STREAM_MAX", default.stream),
            services: ServerTimeouts::from_env(env),
        })?;
        let Read { request_body, response_head, response_body, stream, services } = read;
        must_be_longer(("UPSTREAM_TIMEOUT", response_head), ("SERVICE_TIMEOUT", services.service))?;
        Ok(Self { request_body, response_head, response_body, stream, ..default })
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            // Within a cluster a connection takes a millisecond. One lost packet costs a second.
            connect: Duration::from_millis(1200),
            request_body: Duration::from_secs(30),
            response_head: Duration::from_secs(30),
            response_body: Duration::from_secs(60),
            // The answer service closes a stream after 10 minutes by itself.
            stream: Duration::from_secs(630),
            document_ttl: Duration::from_secs(5),
            dns_refresh_interval: Duration::from_secs(2),
            health_check_interval: Duration::from_secs(2),
            health_check: Duration::from_secs(1),
            base_ejection: Duration::from_secs(1),
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
        for name in ["BODY_TIMEOUT", "UPSTREAM_TIMEOUT", "UPSTREAM_IDLE_TIMEOUT", "STREAM_MAX"] {
            for wrong in ["0", "x", "1.5"] {
                assert!(line(name, wrong).starts_with(&format!("{name}: ")), "{name}={wrong}");
            }
        }
        let env = Env::of([("UPSTREAM_TIMEOUT", "46"), ("SERVICE_TIMEOUT", "45"), ("BODY_TIMEOUT", "7")]);
        let timeouts = Timeouts::from_env(&env).unwrap();
        assert_eq!((timeouts.response_head.as_secs(), timeouts.request_body.as_secs()), (46, 7));
    }
}
