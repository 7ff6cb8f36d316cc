//! The configuration of the gateway; its README lists the variables.

pub use crate::concurrency::config::ConcurrencyConfig;
pub use crate::downstream::client_ip::TrustedProxies;
pub use crate::downstream::origins::AllowedOrigins;
pub use crate::rate_limit::byte_rate::ByteRate;
pub use crate::rate_limit::config::RateLimitConfig;
pub use crate::routing::upstream::UpstreamUrls;
pub use crate::timeouts::Timeouts;
pub use crate::upstream::dns::Resolution;
pub use shared::rate_limit::Rate;

use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared::settings;
use shared_web::server::{DescriptorUse, ServerConfig};
use shared_web::tokens::refresh_token_ttl;
use std::time::Duration;

/// The default of `LISTEN_ADDR`.
pub(crate) const LISTEN_ADDR: &str = "0.0.0.0:8000";

/// A gateway that is a process of its own: a client that uses all services in turn leaves an idle connection to each.
pub const DESCRIPTOR_USE: DescriptorUse = DescriptorUse { databases: 0, servers: 1, per_connection: 5 };

/// The configuration of the gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// The part that every server has.
    pub server: ServerConfig,
    /// The URLs of the services.
    pub upstreams: UpstreamUrls,
    /// The side of the clients.
    pub downstream: DownstreamConfig,
    /// The page; `None` if it is off.
    pub ui: Option<UiConfig>,
    /// The rate limits; `None` if they are off.
    pub rate_limits: Option<RateLimitConfig>,
    /// The concurrency limits of replicas; `None` if they are off.
    pub concurrency: Option<ConcurrencyConfig>,
    /// The other time-outs and intervals.
    pub timeouts: Timeouts,
    /// The file descriptors that it needs.
    pub descriptor_use: DescriptorUse,
    /// How the names of services are resolved.
    pub resolution: Resolution,
}

/// The configuration of the clients' side.
#[derive(Debug, Clone, Default)]
pub struct DownstreamConfig {
    /// The proxies before the gateway.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose pages may call the API.
    pub allowed_origins: AllowedOrigins,
}

/// The configuration of the page.
#[derive(Debug, Clone, Copy)]
pub struct UiConfig {
    /// The lifetime of refresh tokens: how long a browser keeps the cookie that has one.
    pub refresh_token_ttl: Duration,
}

impl Config {
    /// Reads the variables that the README lists.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        settings!(Self {
            server: ServerConfig::from_env(env, Service::Gateway, LISTEN_ADDR, purpose),
            upstreams: UpstreamUrls::from_env(env),
            downstream: DownstreamConfig::from_env(env),
            ui: UiConfig::from_env(env),
            rate_limits: RateLimitConfig::from_env(env),
            concurrency: ConcurrencyConfig::from_env(env),
            timeouts: Timeouts::from_env(env),
            descriptor_use: Ok(DESCRIPTOR_USE),
            resolution: Ok(Resolution::System),
        })
    }
}

impl UiConfig {
    /// Reads `UI` and `REFRESH_TOKEN_TTL`.
    fn from_env(env: &Env) -> Result<Option<Self>, ConfigError> {
        let refresh_token_ttl = refresh_token_ttl(env)?;
        Ok(has_ui(env)?.then_some(Self { refresh_token_ttl }))
    }
}

/// Reads `UI`: whether there is the page.
pub fn has_ui(env: &Env) -> Result<bool, ConfigError> {
    env.switch("UI", true)
}

impl DownstreamConfig {
    /// Reads `TRUSTED_PROXIES` and `CORS_ALLOWED_ORIGINS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::from_env_or(env, AllowedOrigins::None)
    }

    /// Reads the same, with a default for `CORS_ALLOWED_ORIGINS`.
    pub fn from_env_or(env: &Env, origins: AllowedOrigins) -> Result<Self, ConfigError> {
        let networks = "networks such as 10.0.0.0/8, with commas between them";
        let expected = "origins such as https://app.example, with commas between them, or *";
        settings!(Self {
            trusted_proxies: env.or("TRUSTED_PROXIES", networks, TrustedProxies::default()),
            allowed_origins: env.or("CORS_ALLOWED_ORIGINS", expected, origins),
        })
    }
}
