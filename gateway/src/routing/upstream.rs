//! The upstream services, and their URLs.

use reqwest::Url;
use shared::env::{ConfigError, Env};
use shared::service::Service;
use shared::settings;
use shared_web::body_limits::{MAX_AUTH_BODY_BYTES, MAX_BODY_BYTES};
use std::fmt;

/// An upstream service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// Users and tokens.
    Auth,
    /// Chats and conversation records.
    Chat,
    /// Messages and branches.
    Branch,
}

impl Upstream {
    /// All services.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Chat, Self::Branch];

    /// The service's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => Service::Auth.name(),
            Self::Chat => Service::Chat.name(),
            Self::Branch => Service::Branch.name(),
        }
    }

    /// The largest body that the service takes. The gateway refuses a larger one before it reads it.
    pub(crate) const fn max_body_bytes(self) -> usize {
        match self {
            Self::Auth => MAX_AUTH_BODY_BYTES,
            Self::Chat | Self::Branch => MAX_BODY_BYTES,
        }
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The base URLs of the services.
#[derive(Debug, Clone)]
pub struct UpstreamUrls {
    /// Users and tokens.
    pub auth: Url,
    /// Chats and conversation records.
    pub chat: Url,
    /// Messages and branches.
    pub branch: Url,
}

impl UpstreamUrls {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            auth: env.base_url("AUTH_URL"),
            chat: env.base_url("CHAT_URL"),
            branch: env.base_url("BRANCH_URL"),
        })
    }

    /// The base URL of one service.
    pub fn url(&self, upstream: Upstream) -> &Url {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }
}
