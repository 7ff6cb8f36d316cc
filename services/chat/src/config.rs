//! The configuration of the chat service.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN_ADDR` | address and port | `0.0.0.0:8002` |
//! | `METRICS_ADDR` | address and port of the metrics | none: they are off |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | where spans are sent, and other variables of OpenTelemetry | none: they are off |
//! | `HEAD_TIMEOUT` | seconds for the head of a request | 5 |
//! | `BODY_TIMEOUT` | seconds for the next piece of a request's body | 30 |
//! | `BODY_MIN_RATE` | bytes a second that a request's body comes with at least, and an answer is taken with; 0 for any | 16384 |
//! | `BODY_MEMORY` | memory of all bodies in flight, such as `128MiB`; at least `32MiB` | `128MiB` |
//! | `IDLE_TIMEOUT` | seconds for the next request on a connection; more than 30 | 75 |
//! | `SERVICE_TIMEOUT` | seconds that a request may take here; more than a statement | 20 |
//! | `STATEMENT_TIMEOUT` | seconds that a statement may take on PostgreSQL; it waits for a lock half as long, at most 2 s | 10 |
//! | `SECRET_KEY` | checks tokens; at least 32 bytes, the same for every service | none |
//! | `DATABASE_URL` | `postgresql://...` or `sqlite:path` | none |
//! | `AUTH_URL` | where the auth service is, which knows the names of users | none |
//! | `BRANCH_URL` | where the branch service is, which knows branches, and hears of deleted chats | none |
//! | `ACCESS_TOKEN_TTL` | seconds for which an access token counts, as auth has it: so long a deleted account is remembered | 3600 |

use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::env::{ConfigError, Env};
use shared::service::Service;
use shared::settings;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::Listen;
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::{TokenKeys, access_token_ttl};
use std::time::Duration;

/// Added to a token's life: for the leeway of its check, and for clocks that differ.
const CLOCK_SKEW_MARGIN: Duration = Duration::from_secs(60);

/// The default of `LISTEN_ADDR`.
pub const LISTEN_ADDR: &str = "0.0.0.0:8002";

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Its database.
    pub database: SecretString,
    /// Where the auth service is.
    pub auth: Url,
    /// Where the branch service is.
    pub branch: Url,
    /// How long a deleted account is remembered: as long as one of its tokens may be valid.
    pub account_retention: Duration,
    /// The clock.
    pub clock: Clock,
    /// Time-outs of the server.
    pub times: ServerTimeouts,
    /// Limits of bodies.
    pub bodies: BodyLimits,
    /// The metrics.
    pub metrics: Metrics,
    /// The export of spans.
    pub traces: Traces,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::from_env(env), Traces::from_env(env, Service::Chat))
    }

    /// Reads the same for `check`: binds no port and exports nothing.
    pub fn check_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::check_env(env), Traces::check_env(env))
    }

    fn read(
        env: &Env,
        metrics: Result<Metrics, ConfigError>,
        traces: Result<Traces, ConfigError>,
    ) -> Result<Self, ConfigError> {
        let clock = Clock::system();
        settings!(Self {
            listen: Listen::from_env(env, LISTEN_ADDR),
            keys: TokenKeys::from_env(env, clock.clone()),
            database: database_url(env),
            auth: env.base_url("AUTH_URL"),
            branch: env.base_url("BRANCH_URL"),
            account_retention: access_token_ttl(env).map(account_retention),
            clock: Ok(clock),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            metrics,
            traces,
        })
    }
}

/// Reads `DATABASE_URL`.
pub fn database_url(env: &Env) -> Result<SecretString, ConfigError> {
    env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")
}

/// How long a deleted account is remembered, for this lifetime of access tokens.
pub fn account_retention(ttl: Duration) -> Duration {
    ttl.saturating_add(CLOCK_SKEW_MARGIN)
}
