//! The settings of `banyan`, read before anything is opened or created.

use crate::config::{Databases, LISTEN_ADDR, LISTEN_SETTING, Options};
use crate::traces::StackTraces;
use auth::config::{PasswordConfig, TokenLife, registration_policy};
use auth::domain::RegistrationPolicy;
use gateway::config::{AllowedOrigins, ConcurrencyConfig, DownstreamConfig, RateLimitConfig, Timeouts};
use shared::clock::Clock;
use shared::env::{ConfigError, Env};
use shared::settings;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::Listen;
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;

/// The settings of all services together.
#[derive(Debug)]
pub struct Settings {
    pub(crate) listen: Listen,
    /// The keys of `SECRET_KEY`; without it those of the data folder are used.
    pub(crate) keys: Option<TokenKeys>,
    pub(crate) downstream: DownstreamConfig,
    pub(crate) rate_limits: Option<RateLimitConfig>,
    pub(crate) concurrency: Option<ConcurrencyConfig>,
    pub(crate) times: ServerTimeouts,
    pub(crate) bodies: BodyLimits,
    pub(crate) gateway_timeouts: Timeouts,
    pub(crate) databases: Databases,
    pub(crate) tokens: TokenLife,
    pub(crate) passwords: PasswordConfig,
    pub(crate) registration: RegistrationPolicy,
    pub(crate) metrics: Metrics,
    pub(crate) traces: StackTraces,
}

impl Settings {
    /// Reads options and variables, and binds the port of the metrics.
    pub fn from_env(options: &Options, env: &Env, clock: &Clock) -> Result<Self, ConfigError> {
        Self::read(options, env, clock, (Metrics::from_env(env), StackTraces::from_env(env)))
    }

    /// Reads the same for `check`: binds no port and exports nothing.
    pub fn check_env(options: &Options, env: &Env, clock: &Clock) -> Result<Self, ConfigError> {
        Self::read(options, env, clock, (Metrics::check_env(env), StackTraces::check_env(env)))
    }

    fn read(
        options: &Options,
        env: &Env,
        clock: &Clock,
        (metrics, traces): (Result<Metrics, ConfigError>, Result<StackTraces, ConfigError>),
    ) -> Result<Self, ConfigError> {
        settings!(Self {
            listen: Listen::parse(LISTEN_SETTING, &options.listen, LISTEN_ADDR),
            keys: keys(env, clock),
            // For pages that are developed on this machine.
            downstream: DownstreamConfig::from_env_or(env, AllowedOrigins::Local),
            rate_limits: RateLimitConfig::from_env(env),
            concurrency: ConcurrencyConfig::from_env(env),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            gateway_timeouts: Timeouts::from_env(env),
            databases: Databases::from_env(env, &options.data_dir),
            tokens: TokenLife::from_env(env),
            passwords: PasswordConfig::from_env(env),
            registration: registration_policy(env),
            metrics,
            traces,
        })
    }
}

fn keys(env: &Env, clock: &Clock) -> Result<Option<TokenKeys>, ConfigError> {
    env.secret("SECRET_KEY")?.map(|secret| TokenKeys::new(&secret, clock.clone())).transpose()
}
