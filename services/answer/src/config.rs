//! The configuration of the answer service; its README lists the variables.

use crate::domain::Timing;
use crate::models::Models;
use crate::store::Limits;
use reqwest::Url;
use secrecy::SecretString;
use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared::settings;
use shared_web::server::ServerConfig;
use std::time::Duration;

/// The default of `LISTEN_ADDR`.
pub(crate) const LISTEN_ADDR: &str = "0.0.0.0:8004";
/// The longest `ANSWER_DRAIN` in seconds: the drain of the service ends 16 s after the signal.
const MAX_DRAIN_SECONDS: u64 = 12;
/// The default of `ANSWER_DRAIN`.
const DEFAULT_DRAIN: Duration = Duration::from_secs(10);
/// The largest limit of a user.
const MAX_LIMIT: i64 = 1_000_000;
/// The largest number of tokens in a day.
const MAX_TOKENS: i64 = 1_000_000_000_000;

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that every server has.
    pub server: ServerConfig,
    /// Its database.
    pub database: SecretString,
    /// Where the branch service is.
    pub branch: Url,
    /// Where the chat service is.
    pub chat: Url,
    /// The models.
    pub models: Models,
    /// The limits of a user.
    pub limits: Limits,
    /// How long runs go on when the service stops.
    pub drain: Duration,
    /// The secret from which the names of cached prompts are derived.
    pub secret: SecretString,
    /// The times of runs.
    pub timing: Timing,
}

impl Config {
    /// Reads the variables that the README lists.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        settings!(Self {
            server: ServerConfig::from_env(env, Service::Answer, LISTEN_ADDR, purpose),
            database: database_url(env),
            branch: env.base_url("BRANCH_URL"),
            chat: env.base_url("CHAT_URL"),
            models: Models::from_env(env),
            limits: limits(env),
            drain: drain(env),
            secret: env.required_secret("SECRET_KEY", "at least 32 bytes"),
            timing: Ok(Timing::default()),
        })
    }
}

/// Reads `DATABASE_URL`.
pub(crate) fn database_url(env: &Env) -> Result<SecretString, ConfigError> {
    env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")
}

/// Reads `ANSWER_DRAIN`.
pub fn drain(env: &Env) -> Result<Duration, ConfigError> {
    env.seconds("ANSWER_DRAIN", 0..=MAX_DRAIN_SECONDS, DEFAULT_DRAIN)
}

/// Reads the limits of a user.
pub fn limits(env: &Env) -> Result<Limits, ConfigError> {
    let tokens = env.number("ANSWERS_TOKENS_PER_DAY", "tokens", 0..=MAX_TOKENS, 0)?;
    settings!(Limits {
        runs: env.number("ANSWERS_AT_ONCE", "answers", 1..=MAX_LIMIT, 4),
        questions_per_minute: env.number("ANSWERS_PER_MINUTE", "questions", 1..=MAX_LIMIT, 30),
        tokens_per_day: Ok(Some(tokens).filter(|tokens| *tokens > 0)),
    })
}
