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
//! | `REGISTRATION` | `open`, or `closed`: who runs the service makes the users, with `auth user create` | `open` |
//! | `AUTH_BCRYPT_COST` | bcrypt's cost for new hashes, 4 to 18; others are renewed at the next login | 12 |
//! | `RATE_LIMIT` | `off` lets passwords be wrong as often as they are, without a wait, and does not limit password grants | `on` |
//! | `RATE_LIMIT_LOGIN` | password grants of OAuth 2 from an address, as the gateway limits logins | `30/1m` |
//! | `AUTH_MIN_PASSWORD_LENGTH` | the fewest characters of a new password, 1 to 72 | 8 |

use crate::domain::{PasswordPolicy, RegistrationPolicy};
use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::env::{ConfigError, Env};
use shared::rate_limit::{Rate, login_rate_from_env};
use shared::service::Service;
use shared::settings;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::Listen;
use shared_web::spans::Traces;
use shared_web::timeouts::{ServerTimeouts, must_be_longer};
use shared_web::tokens::{TOKEN_TTL_SECONDS, TokenKeys, access_token_ttl};
use std::ops::RangeInclusive;
use std::time::Duration;

/// bcrypt refuses lower costs; with higher ones a hash takes longer than a request may.
const BCRYPT_COSTS: RangeInclusive<u32> = 4..=18;
/// Thirty days.
const DEFAULT_REFRESH_TOKEN_TTL: Duration = Duration::from_secs(30 * 24 * 3600);
const DEFAULT_REUSE_GRACE: Duration = Duration::from_secs(10);

/// The default of `LISTEN_ADDR`.
pub const LISTEN_ADDR: &str = "0.0.0.0:8001";

/// The configuration of the service.
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
    /// The lifetimes of tokens.
    pub tokens: TokenLife,
    /// The cost of hashes and the policy for new passwords.
    pub passwords: PasswordConfig,
    /// Who may register.
    pub registration: RegistrationPolicy,
    /// Whether failed logins cost waits.
    pub throttles_logins: bool,
    /// The rate limit of password grants by address; `None` without a limit.
    pub password_grant_rate: Option<Rate>,
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
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::from_env(env), Traces::from_env(env, Service::Auth))
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
            chat: env.base_url("CHAT_URL"),
            tokens: TokenLife::from_env(env),
            passwords: PasswordConfig::from_env(env),
            registration: registration_policy(env),
            throttles_logins: env.switch("RATE_LIMIT", true),
            password_grant_rate: password_grant_rate(env),
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
            refresh: env.seconds("REFRESH_TOKEN_TTL", TOKEN_TTL_SECONDS, DEFAULT_REFRESH_TOKEN_TTL),
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
            let error = Config::check_env(&env).unwrap_err();
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
        let error = Config::check_env(&env).unwrap_err();
        let names: Vec<_> = error.problems().map(|(name, _)| name).collect();
        assert_eq!(names, ["LISTEN_ADDR", "SECRET_KEY", "DATABASE_URL", "CHAT_URL", "ACCESS_TOKEN_TTL"]);
    }
}
