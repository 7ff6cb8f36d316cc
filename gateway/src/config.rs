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

pub use crate::edge::{AllowedOrigins, TrustedProxies};
pub use crate::limits::{ByteRate, Capacity, Rate, Rates};
pub use crate::patience::Patience;

use crate::proxy::Upstream;
use reqwest::Url;
use shared::clock::Clock;
use shared::config::{ConfigError, Env};
use shared::identity::{Service, TokenKeys};
use shared::metrics::Metrics;
use shared::server::{BodyLimits, DescriptorUse, Listen, Times};
use shared::settings;
use shared::traces::Traces;
use std::net::SocketAddr;

/// Where it listens if nothing is said.
pub const LISTEN_ADDR: &str = "0.0.0.0:8000";

/// A gateway that is a process of its own: a client that uses all three services in turn leaves an idle connection to each.
pub const DESCRIPTOR_USE: DescriptorUse = DescriptorUse { databases: 0, servers: 1, per_connection: 4 };

/// What the gateway is started with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address and port that it listens on.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Where the services are.
    pub upstreams: Upstreams,
    /// Who is around it.
    pub edge: EdgeConfig,
    /// How many requests are taken of whom; `None` where that is not limited.
    pub rates: Option<Rates>,
    /// How many requests a replica has at once; `None` where that is not limited.
    pub capacity: Option<Capacity>,
    /// How long it waits for what of its clients' connections.
    pub times: Times,
    /// What bodies may cost.
    pub bodies: BodyLimits,
    /// How long it waits for what else.
    pub patience: Patience,
    /// What it needs of the file descriptors of its process.
    pub descriptor_use: DescriptorUse,
    /// Who knows the addresses of the services.
    pub resolution: Resolution,
    /// What is counted.
    pub metrics: Metrics,
    /// Where the spans of requests go.
    pub traces: Traces,
}

/// Who is around the gateway, on the side of its clients.
#[derive(Debug, Clone, Default)]
pub struct EdgeConfig {
    /// The proxies before it.
    pub trusted_proxies: TrustedProxies,
    /// The origins whose pages may call the API.
    pub allowed_origins: AllowedOrigins,
}

/// Who is asked for the addresses of a name. No variable sets it; tests do.
#[derive(Debug, Clone, Copy, Default)]
pub enum Resolution {
    /// Whom the machine asks: its hosts file, then the name servers of `/etc/resolv.conf`.
    #[default]
    System,
    /// This name server alone.
    Nameserver(SocketAddr),
}

/// Where the services are.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// Users and tokens.
    pub auth: Url,
    /// Chats and conversation records.
    pub chat: Url,
    /// Messages and branches.
    pub branch: Url,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::read(env, Metrics::from_env(env), Traces::from_env(env, Service::Gateway))
    }

    /// Reads the same, takes no port and sends nothing: for who looks whether it is right.
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
            upstreams: Upstreams::from_env(env),
            edge: EdgeConfig::from_env(env),
            rates: Rates::from_env(env),
            capacity: Capacity::from_env(env),
            times: Times::from_env(env),
            bodies: BodyLimits::from_env(env),
            patience: Patience::from_env(env),
            descriptor_use: Ok(DESCRIPTOR_USE),
            resolution: Ok(Resolution::System),
            metrics,
            traces,
        })
    }
}

impl EdgeConfig {
    /// Reads `TRUSTED_PROXIES` and `CORS_ALLOWED_ORIGINS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Self::from_env_or(env, AllowedOrigins::None)
    }

    /// Reads the same, with origins that are allowed if none are named.
    pub fn from_env_or(env: &Env, origins: AllowedOrigins) -> Result<Self, ConfigError> {
        let networks = "networks such as 10.0.0.0/8, with commas between them";
        let expected = "origins such as https://app.example, with commas between them, or *";
        settings!(Self {
            trusted_proxies: env.or("TRUSTED_PROXIES", networks, TrustedProxies::default()),
            allowed_origins: env.or("CORS_ALLOWED_ORIGINS", expected, origins),
        })
    }
}

impl Upstreams {
    fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            auth: env.base_url("AUTH_URL"),
            chat: env.base_url("CHAT_URL"),
            branch: env.base_url("BRANCH_URL"),
        })
    }

    /// Where one of them is.
    pub fn url(&self, upstream: Upstream) -> &Url {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }
}
