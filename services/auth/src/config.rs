//! The configuration of the auth service; its README lists the variables.

use crate::domain::{PasswordPolicy, RegistrationPolicy};
use reqwest::Url;
use secrecy::SecretString;
use shared::env::{ConfigError, Env, Purpose};
use shared::rate_limit::{Rate, login_rate_from_env};
use shared::service::Service;
use shared::settings;
use shared_web::server::ServerConfig;
use shared_web::timeouts::must_be_longer;
use shared_web::tokens::{TOKEN_TTL_SECONDS, access_token_ttl, refresh_token_ttl};
use std::ops::RangeInclusive;
use std::time::Duration;

/// bcrypt refuses lower costs; with higher ones a hash takes longer than a request may.
const BCRYPT_COSTS: RangeInclusive<u32> = 4..=18;
const DEFAULT_REUSE_GRACE: Duration = Duration::from_secs(10);

/// The default of `LISTEN_ADDR`.
pub(crate) const LISTEN_ADDR: &str = "0.0.0.0:8001";

/// The configuration of the service.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that every server has.
    pub server: ServerConfig,
    /// Its database.
    pub database: SecretString,
    /// Where the chat service is.
    pub chat: Url,
    /// The base URL of the answer service; `None` where there is none, and it is told of nothing.
    pub answer: Option<Url>,
    /// The lifetimes of tokens.
    pub tokens: TokenLife,
    /// The cost of hashes and the policy for new passwords.
    pub passwords: PasswordConfig,
    /// The registration policy: open or closed.
    pub registration: RegistrationPolicy,
    /// Whether failed logins cost waits.
    pub throttles_logins: bool,
    /// The rate limit of password grants by address; `None` without a limit.
    pub password_grant_rate: Option<Rate>,
}

/// The lifetimes of tokens.
#[derive(Debug, Clone, Copy)]
pub struct TokenLife {
    /// The lifetime of an access token.
    pub access: Duration,
    /// The lifetime of a refresh token.
    pub refresh: Duration,
    /// How long a used refresh token is answered again.
    pub reuse_grace: Duration,
}

/// The cost of hashes and the policy for new passwords.
#[derive(Debug, Clone, Copy)]
pub struct PasswordConfig {
    /// bcrypt's cost: a hash takes 2^cost rounds.
    pub bcrypt_cost: u32,
    /// The policy for new passwords.
    pub policy: PasswordPolicy,
}

impl Config {
    /// Reads the variables that the README lists.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        settings!(Self {
            server: ServerConfig::from_env(env, Service::Auth, LISTEN_ADDR, purpose),
            database: database_url(env),
            chat: env.base_url("CHAT_URL"),
            answer: env.optional_base_url("ANSWER_URL"),
            tokens: TokenLife::from_env(env),
            passwords: PasswordConfig::from_env(env),
            registration: registration_policy(env),
            throttles_logins: env.switch("RATE_LIMIT", true),
            password_grant_rate: password_grant_rate(env),
        })
    }
}

/// Reads `DATABASE_URL`.
pub(crate) fn database_url(env: &Env) -> Result<SecretString, ConfigError> {
    env.required_secret("DATABASE_URL", "postgresql://... or sqlite:path")
}

/// An invalid `RATE_LIMIT` is reported where `throttles_logins` reads it.
fn password_grant_rate(env: &Env) -> Result<Option<Rate>, ConfigError> {
    let is_limited = env.switch("RATE_LIMIT", true).unwrap_or(true);
    login_rate_from_env(env).map(|rate| is_limited.then_some(rate))
}

/// Reads `REGISTRATION`.
pub fn registration_policy(env: &Env) -> Result<RegistrationPolicy, ConfigError> {
    env.or("REGISTRATION", "open or closed", RegistrationPolicy::default())
}

impl TokenLife {
    /// Reads the lifetimes. The reuse grace must be shorter than a refresh token's life.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let life = settings!(Self {
            access: access_token_ttl(env),
            refresh: refresh_token_ttl(env),
            reuse_grace: env.seconds(
                "REFRESH_REUSE_GRACE",
                0..=*TOKEN_TTL_SECONDS.end(),
                DEFAULT_REUSE_GRACE
            ),
        })?;
        must_be_longer(("REFRESH_TOKEN_TTL", life.refresh), ("REFRESH_REUSE_GRACE", life.reuse_grace))?;
        Ok(life)
    }
}

impl PasswordConfig {
    /// Reads cost and policy, within the bounds of bcrypt.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            bcrypt_cost: env.number("AUTH_BCRYPT_COST", "rounds, as a power of two,", BCRYPT_COSTS, 12),
            policy: password_policy(env),
        })
    }
}

fn password_policy(env: &Env) -> Result<PasswordPolicy, ConfigError> {
    let name = "AUTH_MIN_PASSWORD_LENGTH";
    let min = env.or(name, "a number from 1 to 72", PasswordPolicy::default().min_characters())?;
    PasswordPolicy::new(min)
        .ok_or_else(|| ConfigError::new(name, "is out of range; expected a number from 1 to 72"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_out_of_range_number_is_refused_with_the_name_of_its_variable() {
        for (name, value) in [
            ("ACCESS_TOKEN_TTL", "0"),
            ("ACCESS_TOKEN_TTL", "18446744073709551615"),
            ("REFRESH_TOKEN_TTL", "0"),
            ("REFRESH_TOKEN_TTL", "10"),
            ("REFRESH_REUSE_GRACE", "-1"),
            ("AUTH_BCRYPT_COST", "3"),
            ("AUTH_BCRYPT_COST", "31"),
            ("AUTH_MIN_PASSWORD_LENGTH", "0"),
            ("AUTH_MIN_PASSWORD_LENGTH", "73"),
            ("REGISTRATION", "off"),
        ] {
            let env = Env::of([(name, value)]);
            let error = Config::from_env(&env, Purpose::Check).unwrap_err();
            let told: Vec<_> = error.problems().filter(|(variable, _)| *variable == name).collect();
            assert!(told.len() == 1 && told[0].1.contains("expected"), "{name}={value}: {error}");
        }
        let env =
            Env::of([("REFRESH_TOKEN_TTL", "11"), ("ACCESS_TOKEN_TTL", "1"), ("AUTH_BCRYPT_COST", "18")]);
        let life = TokenLife::from_env(&env).unwrap();

        assert_eq!((life.refresh.as_secs(), life.access.as_secs()), (11, 1));
    }

    #[test]
    fn all_errors_of_the_configuration_are_reported_at_once() {
        let env = Env::of([("ACCESS_TOKEN_TTL", "0"), ("SECRET_KEY", "short"), ("LISTEN_ADDR", "here")]);
        let error = Config::from_env(&env, Purpose::Check).unwrap_err();
        let names: Vec<_> = error.problems().map(|(name, _)| name).collect();
        assert_eq!(names, ["LISTEN_ADDR", "SECRET_KEY", "DATABASE_URL", "CHAT_URL", "ACCESS_TOKEN_TTL"]);
    }
}
