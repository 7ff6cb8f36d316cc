//! The export of spans of each service.

use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use shared_web::spans::Traces;

/// The exports of spans: each service has a name of its own in them.
#[derive(Debug, Clone, Default)]
pub struct StackTraces {
    pub(crate) gateway: Traces,
    pub(crate) auth: Traces,
    pub(crate) chat: Traces,
    pub(crate) branch: Traces,
    pub(crate) answer: Traces,
}

impl StackTraces {
    /// Reads OpenTelemetry's variables: see [`Traces::from_env`].
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        Ok(Self {
            gateway: Traces::from_env(env, Service::Gateway, purpose)?,
            auth: Traces::from_env(env, Service::Auth, purpose)?,
            chat: Traces::from_env(env, Service::Chat, purpose)?,
            branch: Traces::from_env(env, Service::Branch, purpose)?,
            answer: Traces::from_env(env, Service::Answer, purpose)?,
        })
    }
}
