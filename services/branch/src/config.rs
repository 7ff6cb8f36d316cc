//! The configuration of the branch service.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN_ADDR` | address and port | `0.0.0.0:8003` |
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
//! | `MONGO_URL` | `mongodb://...` or `mongodb+srv://...`; its path names the database, `banyan` where it has none | none |
//! | `DATABASE_URL` | `postgresql://...` or `sqlite:path`, where `MONGO_URL` is not set | none |
//! | `CHAT_URL` | where the chat service is, which knows whose a chat is | none |

use crate::store::mongo;
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
use shared_web::tokens::TokenKeys;

/// The default of `LISTEN_ADDR`.
pub const LISTEN_ADDR: &str = "0.0.0.0:8003";

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Its database.
    pub database: Database,
    /// Where the chat service is.
    pub chat: Url,
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

/// The engine of messages and branches, and the URL of its database.
#[derive(Debug, Clone)]
pub enum Database {
    /// MongoDB.
    Mongo(SecretString),
    /// PostgreSQL or SQLite.
    Sql(SecretString),
}

impl Database {
    /// The most file descriptors of its connections.
    pub fn max_descriptors(&self) -> u64 {
        match self {
            Self::Mongo(_) => mongo::MAX_DESCRIPTORS,
            Self::Sql(_) => shared_store::MAX_DESCRIPTORS,
        }
    }

    /// Reads `MONGO_URL`, and without it `DATABASE_URL`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        if let Some(url) = env.secret("MONGO_URL")? {
            return Ok(Self::Mongo(url));
        }
        let expected = "postgresql://... or sqlite:path, or MONGO_URL instead";
        env.required_secret("DATABASE_URL", expected).map(Self::Sql)
    }
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::from_env(env), Traces::from_env(env, Service::Branch))
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
            database: Database::from_env(env),
            chat: env.base_url("CHAT_URL"),
            clock: Ok(clock),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            metrics,
            traces,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mongo_url_takes_precedence_and_one_of_both_is_required() {
        let env = [("MONGO_URL", "mongodb://db"), ("DATABASE_URL", "sqlite:file")];
        assert!(matches!(Database::from_env(&Env::of(env)), Ok(Database::Mongo(_))));
        assert!(matches!(Database::from_env(&Env::of([env[1]])), Ok(Database::Sql(_))));
        let line = Database::from_env(&Env::default()).unwrap_err().to_string();
        assert!(line.starts_with("DATABASE_URL") && line.contains("MONGO_URL"), "{line}");
    }
}
