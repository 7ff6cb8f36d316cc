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
//!
//! The name in the URL of a service is looked up every 2 seconds, and requests are shared among all addresses that it
//! gives; nothing has to be set for that.

pub use crate::edge::{AllowedOrigins, TrustedProxies};

use crate::proxy::Upstream;
use reqwest::Url;
use shared::clock::Clock;
use shared::config::{ConfigError, Env};
use shared::identity::{Service, TokenKeys};
use shared::metrics::Metrics;
use shared::server::Listen;
use shared::traces::Traces;
use std::net::SocketAddr;
use std::time::Duration;

/// Where it listens if nothing is said.
pub const LISTEN_ADDR: &str = "0.0.0.0:8000";

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
    /// How long it waits for what.
    pub patience: Patience,
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

/// How long the gateway waits for what. No variable sets it; tests do.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection to a service.
    pub connect: Duration,
    /// For the head of an answer, and for the next piece of a request's body; each piece begins the wait anew.
    pub head: Duration,
    /// For the next piece of an answer's body.
    pub piece: Duration,
    /// For which a merged `OpenAPI` document is taken for true.
    pub document: Duration,
    /// Between two look-ups of a service's name.
    pub look_up: Duration,
    /// Between two checks whether a replica lives.
    pub check: Duration,
    /// For the answer to a check. Two in a row that do not come put a replica out.
    pub check_answer: Duration,
    /// For which a replica that fails is left out at first; up to 30 times as long while it fails again.
    pub out: Duration,
}

impl Config {
    /// Reads the variables that this module's table names.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: Listen::from_env(env, LISTEN_ADDR)?,
            keys: TokenKeys::from_env(env, Clock::system())?,
            upstreams: Upstreams {
                auth: env.base_url("AUTH_URL")?,
                chat: env.base_url("CHAT_URL")?,
                branch: env.base_url("BRANCH_URL")?,
            },
            edge: EdgeConfig::from_env(env)?,
            patience: Patience::default(),
            resolution: Resolution::System,
            metrics: Metrics::from_env(env)?,
            traces: Traces::from_env(env, Service::Gateway)?,
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
        Ok(Self {
            trusted_proxies: env.or("TRUSTED_PROXIES", networks, TrustedProxies::default())?,
            allowed_origins: env.or("CORS_ALLOWED_ORIGINS", expected, origins)?,
        })
    }
}

impl Upstreams {
    /// Where one of them is.
    pub fn url(&self, upstream: Upstream) -> &Url {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            // Within a cluster a connection takes a millisecond. One lost packet costs a second.
            connect: Duration::from_millis(1200),
            head: Duration::from_secs(30),
            piece: Duration::from_secs(60),
            document: Duration::from_secs(5),
            look_up: Duration::from_secs(2),
            check: Duration::from_secs(2),
            check_answer: Duration::from_secs(1),
            out: Duration::from_secs(1),
        }
    }
}
