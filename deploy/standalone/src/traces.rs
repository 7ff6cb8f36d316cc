//! The export of spans of each service.

use shared::env::{ConfigError, Env};
use shared::service::Service;
use shared_web::spans::Traces;

/// The exports of spans: each service has a name of its own in them.
#[derive(Debug, Clone, Default)]
pub struct StackTraces {
    pub(crate) gateway: Traces,
    pub(crate) auth: Traces,
    pub(crate) chat: Traces,
    pub(crate) branch: Traces,
}

impl StackTraces {
    /// Reads the variables for `check`, and exports nothing: see [`Traces::check_env`].
    pub fn check_env(env: &Env) -> Result<Self, ConfigError> {
        Traces::check_env(env).map(|_| Self::default())
    }

    /// Reads OpenTelemetry's variables: see [`Traces::from_env`].
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self {
            gateway: Traces::from_env(env, Service::Gateway)?,
            auth: Traces::from_env(env, Service::Auth)?,
            chat: Traces::from_env(env, Service::Chat)?,
            branch: Traces::from_env(env, Service::Branch)?,
        })
    }
}
