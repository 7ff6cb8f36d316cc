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
    /// Answers of models. A deployment may be without it.
    Answer,
}

impl Upstream {
    /// All services.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Chat, Self::Branch, Self::Answer];

    /// Whether no deployment is without it. The gateway is ready, and describes its API, also while another service is down.
    pub(crate) const fn is_required(self) -> bool {
        !matches!(self, Self::Answer)
    }

    /// The service's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => Service::Auth.name(),
            Self::Chat => Service::Chat.name(),
            Self::Branch => Service::Branch.name(),
            Self::Answer => Service::Answer.name(),
        }
    }

    /// The largest body that the service takes. The gateway refuses a larger one before it reads it.
    pub(crate) const fn max_body_bytes(self) -> usize {
        match self {
            Self::Auth => MAX_AUTH_BODY_BYTES,
            Self::Chat | Self::Branch | Self::Answer => MAX_BODY_BYTES,
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
    /// Answers of models; `None` where there are none, and their routes are a 404.
    pub answer: Option<Url>,
}

impl UpstreamUrls {
    pub(crate) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        settings!(Self {
            auth: env.base_url("AUTH_URL"),
            chat: env.base_url("CHAT_URL"),
            branch: env.base_url("BRANCH_URL"),
            answer: env.optional_base_url("ANSWER_URL"),
        })
    }

    /// The base URL of one service; `None` if there is none.
    pub fn url(&self, upstream: Upstream) -> Option<&Url> {
        match upstream {
            Upstream::Auth => Some(&self.auth),
            Upstream::Chat => Some(&self.chat),
            Upstream::Branch => Some(&self.branch),
            Upstream::Answer => self.answer.as_ref(),
        }
    }

    /// The services that there are, with their base URLs.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Upstream, &Url)> {
        Upstream::ALL.into_iter().filter_map(|upstream| Some((upstream, self.url(upstream)?)))
    }
}
