//! The configuration of the auth service.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN_ADDR` | address and port | `0.0.0.0:8001` |
//! | `METRICS_ADDR` | address and port of the metrics | none: they are off |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | where spans are sent, and other variables of OpenTelemetry | none: they are off |
//! | `HEAD_TIMEOUT` | seconds for the head of a request | 5 |
//! | `BODY_TIMEOUT` | seconds for the next piece of a request's body | 30 |
//! | `BODY_MIN_RATE` | bytes a second that a request's body comes with at least, and an answer is taken with; 0 for any | 16384 |
//! | `BODY_MEMORY` | memory of all bodies in flight, such as `128MiB`; at least `32MiB` | `128MiB` |
//! | `IDLE_TIMEOUT` | seconds for the next request on a connection; more than 30 | 75 |
//! | `SERVICE_TIMEOUT` | seconds that a request may take here; more than a statement | 20 |
//! | `STATEMENT_TIMEOUT` | seconds that a statement may take on PostgreSQL; it waits for a lock half as long, at most 2 s | 10 |
//! | `SECRET_KEY` | signs tokens; at least 32 bytes, the same for every service | none |
//! | `DATABASE_URL` | `postgresql://...` or `sqlite:path` | none |
//! | `CHAT_URL` | where the chat service is, which hears of deleted accounts | none |
//! | `ACCESS_TOKEN_TTL` | seconds for which an access token counts | 3600 |
//! | `REFRESH_TOKEN_TTL` | seconds for which a refresh token counts | 2592000 (30 days) |
//! | `REFRESH_REUSE_GRACE` | seconds in which a used refresh token is answered again | 10 |
//! | `AUTH_BCRYPT_COST` | bcrypt's cost for new hashes, 4 to 31; others are renewed at the next login | 12 |
//! | `RATE_LIMIT` | `off` lets passwords be wrong as often as they are, without a wait, and does not limit password grants | `on` |
//! | `RATE_LIMIT_LOGIN` | password grants of OAuth 2 from an address, as the gateway limits logins | `30/1m` |
//! | `AUTH_MIN_PASSWORD_LENGTH` | the fewest characters of a new password, 1 to 72 | 8 |

use crate::domain::PasswordPolicy;
use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::config::{ConfigError, Env};
use shared::identity::{Service, TokenKeys};
use shared::metrics::Metrics;
use shared::rate_limit::{Rate, login_rate_from_env};
use shared::server::{BodyLimits, Listen, Times};
use shared::traces::Traces;
use std::time::Duration;

/// Where it listens if nothing is said.
pub const LISTEN_ADDR: &str = "0.0.0.0:8001";

/// What the service is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where it listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Its database.
    pub database: SecretString,
    /// Where the chat service is.
    pub chat: Url,
    /// How long tokens live.
    pub tokens: TokenLife,
    /// How passwords are hashed, and which are taken.
    pub passwords: PasswordConfig,
    /// Whether passwords have to wait after others were wrong.
    pub throttles_logins: bool,
    /// How many password grants of OAuth 2 are taken from one address; `None` for any number.
    pub password_grant_rate: Option<Rate>,
    /// Where the time comes from.
    pub clock: Clock,
    /// How long it waits for what.
    pub times: Times,
    /// What bodies may cost.
    pub bodies: BodyLimits,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the spans of requests go.
    pub traces: Traces,
}

/// How long tokens live.
#[derive(Debug, Clone, Copy)]
pub struct TokenLife {
    /// Of an access token.
    pub access: Duration,
    /// Of a refresh token.
    pub refresh: Duration,
    /// In which a used refresh token is answered again.
    pub reuse_grace: Duration,
}

/// How passwords are hashed, and which are taken.
#[derive(Debug, Clone, Copy)]
pub struct PasswordConfig {
    /// bcrypt's cost: the hash takes 2^cost rounds.
    pub bcrypt_cost: u32,
    /// The rule for new passwords.
    pub policy: PasswordPolicy,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let clock = Clock::system();
        let limits_rates = env.switch("RATE_LIMIT", true)?;
        Ok(Self {
            listen: Listen::from_env(env, LISTEN_ADDR)?,
            keys: TokenKeys::from_env(env, clock.clone())?,
            database: env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")?,
            chat: env.base_url("CHAT_URL")?,
            tokens: TokenLife::from_env(env)?,
            passwords: PasswordConfig::from_env(env)?,
            throttles_logins: limits_rates,
            password_grant_rate: Some(login_rate_from_env(env)?).filter(|_| limits_rates),
            clock,
            times: Times::from_env(env)?,
            bodies: BodyLimits::from_env(env)?,
            metrics: Metrics::from_env(env)?,
            traces: Traces::from_env(env, Service::Auth)?,
        })
    }
}

impl TokenLife {
    /// Reads the life of each kind of token.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            access: env.seconds("ACCESS_TOKEN_TTL", 3600)?,
            refresh: env.seconds("REFRESH_TOKEN_TTL", 30 * 24 * 3600)?,
            reuse_grace: env.seconds("REFRESH_REUSE_GRACE", 10)?,
        })
    }
}

impl PasswordConfig {
    /// Reads cost and rule, and holds them within what bcrypt can do.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let bcrypt_cost = env.or("AUTH_BCRYPT_COST", "a number from 4 to 31", 12)?;
        if !(4..=31).contains(&bcrypt_cost) {
            return Err(ConfigError::new(
                "AUTH_BCRYPT_COST",
                "is out of range; expected a number from 4 to 31",
            ));
        }
        let name = "AUTH_MIN_PASSWORD_LENGTH";
        let min = env.or(name, "a number from 1 to 72", PasswordPolicy::default().min_characters())?;
        let policy = PasswordPolicy::new(min)
            .ok_or_else(|| ConfigError::new(name, "is out of range; expected a number from 1 to 72"))?;
        Ok(Self { bcrypt_cost, policy })
    }
}
