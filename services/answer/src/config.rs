//! The configuration of the answer service; its README lists the variables.

use crate::byte_size::bytes_from_env;
use crate::domain::{MAX_QUESTION_BYTES, Timing};
use crate::models::Models;
use crate::store::UserLimits;
use reqwest::Url;
use secrecy::SecretString;
use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared::settings;
use shared_web::server::ServerConfig;
use shared_web::tokens::{access_token_ttl, account_retention, check_secret};
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

/// The smallest `ANSWERS_QUESTION_BYTES`.
const MIN_QUESTION_BYTES: usize = 1 << 10;

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
    pub limits: UserLimits,
    /// The most bytes of a question, and of its items.
    pub question_bytes: usize,
    /// How long runs go on when the service stops.
    pub drain: Duration,
    /// `SECRET_KEY`, from which the names of cached prompts are derived, and the encryption key of users' keys unless another is given.
    pub secret: SecretString,
    /// Users' own keys for providers.
    pub user_keys: UserKeysConfig,
    /// How long a deleted account is remembered: as long as one of its tokens may be valid.
    pub account_retention: Duration,
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
            question_bytes: question_bytes(env),
            drain: drain(env),
            secret: env.required_secret("SECRET_KEY", "at least 32 bytes"),
            user_keys: UserKeysConfig::from_env(env),
            account_retention: access_token_ttl(env).map(account_retention),
            timing: Ok(Timing::default()),
        })
    }
}

/// Whether users may store keys of their own for providers, and the secrets under which they are encrypted.
#[derive(Debug, Clone, Default)]
pub struct UserKeysConfig {
    /// Whether they may.
    pub is_on: bool,
    /// The secret from which the encryption key is derived; without it, `SECRET_KEY`.
    pub secret: Option<SecretString>,
    /// The secret of before, which only decrypts.
    pub previous_secret: Option<SecretString>,
}

impl UserKeysConfig {
    /// Reads `USER_KEYS`, `PROVIDER_KEY_SECRET` and `PROVIDER_KEY_SECRET_PREVIOUS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            is_on: env.or("USER_KEYS", "true or false", false),
            secret: long_secret(env, "PROVIDER_KEY_SECRET"),
            previous_secret: long_secret(env, "PROVIDER_KEY_SECRET_PREVIOUS"),
        })
    }
}

fn long_secret(env: &Env, name: &str) -> Result<Option<SecretString>, ConfigError> {
    let secret = env.secret(name)?;
    secret.as_ref().map(|secret| check_secret(name, secret)).transpose()?;
    Ok(secret)
}

/// Reads `DATABASE_URL`.
pub(crate) fn database_url(env: &Env) -> Result<SecretString, ConfigError> {
    env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")
}

/// Reads `ANSWER_DRAIN`.
pub fn drain(env: &Env) -> Result<Duration, ConfigError> {
    env.seconds("ANSWER_DRAIN", 0..=MAX_DRAIN_SECONDS, DEFAULT_DRAIN)
}

/// Reads `ANSWERS_QUESTION_BYTES`.
pub fn question_bytes(env: &Env) -> Result<usize, ConfigError> {
    let range = MIN_QUESTION_BYTES..=MAX_QUESTION_BYTES;
    bytes_from_env(env, "ANSWERS_QUESTION_BYTES", range, MAX_QUESTION_BYTES)
}

/// Reads the limits of a user.
pub fn limits(env: &Env) -> Result<UserLimits, ConfigError> {
    let tokens = env.number("ANSWERS_TOKENS_PER_DAY", "tokens", 0..=MAX_TOKENS, 0)?;
    settings!(UserLimits {
        runs: env.number("ANSWERS_AT_ONCE", "answers", 1..=MAX_LIMIT, 4),
        questions_per_minute: env.number("ANSWERS_PER_MINUTE", "questions", 1..=MAX_LIMIT, 30),
        tokens_per_day: Ok(Some(tokens).filter(|tokens| *tokens > 0)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_a_question_are_those_of_a_message_at_most() {
        let read = |value| question_bytes(&Env::of([("ANSWERS_QUESTION_BYTES", value)]));
        assert_eq!((question_bytes(&Env::default()), read("64KiB")), (Ok(1 << 20), Ok(64 << 10)));
        for wrong in ["2MiB", "0", "much"] {
            let line = read(wrong).unwrap_err().to_string();
            assert!(line.starts_with("ANSWERS_QUESTION_BYTES: ") && line.contains("expected"), "{line}");
        }
    }

    #[test]
    fn a_switch_or_a_secret_that_is_none_fails_the_start_with_the_variables_name() {
        for (name, value) in [
            ("USER_KEYS", "on"),
            ("PROVIDER_KEY_SECRET", "short secret"),
            ("PROVIDER_KEY_SECRET_PREVIOUS", "short secret"),
        ] {
            let line = UserKeysConfig::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{name}: ")) && line.contains("expected"), "{line}");
            assert!(!line.contains("short"), "{line}");
        }
        assert!(!UserKeysConfig::from_env(&Env::default()).unwrap().is_on);
        assert!(UserKeysConfig::from_env(&Env::of([("USER_KEYS", "true")])).unwrap().is_on);
    }
}
