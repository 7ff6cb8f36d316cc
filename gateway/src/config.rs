//! The configuration of the gateway.
//!
//! | variable | meaning | default |
//! |---|---|---|
//! | `LISTEN_ADDR` | address and port | `0.0.0.0:8000` |
//! | `METRICS_ADDR` | address and port of the metrics | none: they are off |
//! | `OTEL_EXPORTER_OTLP_ENDPOINT` | where spans are sent, and other variables of OpenTelemetry | none: they are off |
//! | `SECRET_KEY` | checks tokens; at least 32 bytes, the same for every service | none |
//! | `AUTH_URL` | where the auth service is | none |
//! | `CHAT_URL` | where the chat service is | none |
//! | `BRANCH_URL` | where the branch service is | none |
//! | `CORS_ALLOWED_ORIGINS` | origins whose pages may call the API, such as `https://app.example`, or `*` | none |
//! | `TRUSTED_PROXIES` | networks of proxies whose word on their clients is taken, such as `10.0.0.0/8, ::1` | none |
//! | `RATE_LIMIT` | `off` switches off all limits on rates, and what begins with its name | `on` |
//! | `RATE_LIMIT_LOGIN` | logins from an address, and requests of a user that ask for the password again | `30/1m` |
//! | `RATE_LIMIT_REGISTER` | registrations from an address | `30/1m` |
//! | `RATE_LIMIT_ANONYMOUS` | refreshes, requests for tokens of OAuth 2 and 401s of an address | `3000/1m` |
//! | `RATE_LIMIT_READS` | GET, HEAD and OPTIONS of a user | `30000/1m` |
//! | `RATE_LIMIT_WRITES` | other methods of a user | `12000/1m` |
//! | `RATE_LIMIT_BYTES` | bytes in the bodies of those; at least 16 MiB, the largest body | `64MiB/1m` |
//! | `UPSTREAM_LIMIT` | `off` switches off all limits on what a replica has at once, and what begins with its name | `on` |
//! | `UPSTREAM_LIMIT_READS` | GET, HEAD and OPTIONS that a replica of a service has at once | 64 |
//! | `UPSTREAM_LIMIT_WRITES` | other methods | 64 |
//! | `UPSTREAM_LIMIT_PASSWORDS` | requests for which a password is hashed, or may be | 64 |
//! | `UPSTREAM_LIMIT_WAITING` | how many of each may wait for a moment | 1024 |
//! | `HEAD_TIMEOUT` | seconds for the head of a request | 5 |
//! | `BODY_TIMEOUT` | seconds for the next piece of a request's body | 30 |
//! | `BODY_MIN_RATE` | bytes a second that a request's body comes with at least, and an answer is taken with; 0 for any | 16384 |
//! | `BODY_MEMORY` | memory of all bodies in flight, such as `128MiB`; at least `32MiB` | `128MiB` |
//! | `IDLE_TIMEOUT` | seconds for the next request on a connection | 75 |
//! | `UPSTREAM_TIMEOUT` | seconds for the head of a service's answer; more than `SERVICE_TIMEOUT` | 30 |
//! | `UPSTREAM_IDLE_TIMEOUT` | seconds for the next piece of an answer | 60 |
//! | `SERVICE_TIMEOUT`, `STATEMENT_TIMEOUT` | as the services have them, so that their order is checked | 20, 10 |
//!
//! The name in the URL of a service is looked up every 2 seconds, and requests are shared among all addresses that it
//! gives; nothing has to be set for that.

pub use crate::concurrency::config::ConcurrencyConfig;
pub use crate::downstream::client_ip::TrustedProxies;
pub use crate::downstream::origins::AllowedOrigins;
pub use crate::rate_limit::byte_rate::ByteRate;
pub use crate::rate_limit::config::RateLimitConfig;
pub use crate::routing::upstream::UpstreamUrls;
pub use crate::timeouts::Timeouts;
pub use crate::upstream::dns::Resolution;
pub use shared::rate_limit::Rate;

use shared::clock::Clock;
use shared::env::{ConfigError, Env};
use shared::service::Service;
use shared::settings;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::{DescriptorUse, Listen};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;

/// The default of `LISTEN_ADDR`.
pub const LISTEN_ADDR: &str = "0.0.0.0:8000";

/// A gateway that is a process of its own: a client that uses all three services in turn leaves an idle connection to each.
pub const DESCRIPTOR_USE: DescriptorUse = DescriptorUse { databases: 0, servers: 1, per_connection: 4 };

/// The configuration of the gateway.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address and port to listen on.
    pub listen: Listen,
    /// The keys that verify tokens.
    pub keys: TokenKeys,
    /// The URLs of the services.
    pub upstreams: UpstreamUrls,
    /// The side of the clients.
    pub downstream: DownstreamConfig,
    /// The rate limits; `None` if they are off.
    pub rate_limits: Option<RateLimitConfig>,
    /// The concurrency limits of replicas; `None` if they are off.
    pub concurrency: Option<ConcurrencyConfig>,
    /// The time-outs of clients' connections.
    pub times: ServerTimeouts,
    /// The bounds of bodies.
    pub bodies: BodyLimits,
    /// The other time-outs and intervals.
    pub timeouts: Timeouts,
    /// The file descriptors that it needs.
    pub descriptor_use: DescriptorUse,
    /// How the names of services are resolved.
    pub resolution: Resolution,
    /// The metrics.
    pub metrics: Metrics,
    /// The exporter of spans.
    pub traces: Traces,
}

/// The configuration of the clients' side.
#[derive(Debug, Clone, Default)]
pub struct DownstreamConfig {
    /// The proxies before the gateway.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose pages may call the API.
    pub allowed_origins: AllowedOrigins,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::from_env(env), Traces::from_env(env, Service::Gateway))
    }

    /// Reads the same without opening a port or sending anything, to check it.
    pub fn check_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::check_env(env), Traces::check_env(env))
    }

    fn read(
        env: &Env,
        metrics: Result<Metrics, ConfigError>,
        traces: Result<Traces, ConfigError>,
    ) -> Result<Self, ConfigError> {
        settings!(Self {
            listen: Listen::from_env(env, LISTEN_ADDR),
            keys: TokenKeys::from_env(env, Clock::system()),
            upstreams: UpstreamUrls::from_env(env),
            downstream: DownstreamConfig::from_env(env),
            rate_limits: RateLimitConfig::from_env(env),
            concurrency: ConcurrencyConfig::from_env(env),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            timeouts: Timeouts::from_env(env),
            descriptor_use: Ok(DESCRIPTOR_USE),
            resolution: Ok(Resolution::System),
            metrics,
            traces,
        })
    }
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
