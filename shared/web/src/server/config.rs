//! The configuration that every server has.

use super::fd_limit::DescriptorUse;
use super::listen::Listen;
use crate::body_limits::BodyLimits;
use crate::context::Context;
use crate::metrics::Metrics;
use crate::spans::Traces;
use crate::timeouts::ServerTimeouts;
use crate::tokens::TokenKeys;
use shared::clock::Clock;
use shared::env::{ConfigError, Env, Purpose};
use shared::error::StartError;
use shared::service::Service;
use shared::settings;

/// The configuration of a server.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// The address or the socket to listen on.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// The clock.
    pub clock: Clock,
    /// The time-outs.
    pub times: ServerTimeouts,
    /// The limits of bodies.
    pub bodies: BodyLimits,
    /// The metrics.
    pub metrics: Metrics,
    /// The export of spans.
    pub traces: Traces,
}

impl ServerConfig {
    /// Reads the variables of every program. `listen_addr` is the default of `LISTEN_ADDR`.
    pub fn from_env(
        env: &Env,
        service: Service,
        listen_addr: &str,
        purpose: Purpose,
    ) -> Result<Self, ConfigError> {
        let clock = Clock::system();
        settings!(Self {
            listen: Listen::from_env(env, listen_addr),
            keys: TokenKeys::from_env(env, clock.clone()),
            clock: Ok(clock),
            times: ServerTimeouts::from_env(env),
            bodies: BodyLimits::from_env(env),
            metrics: Metrics::from_env(env, purpose),
            traces: Traces::from_env(env, service, purpose),
        })
    }

    /// The context of a service's requests. Raises the limit of file descriptors, from which the maximum of connections follows.
    pub fn context(&self, service: Service, descriptor_use: DescriptorUse) -> Result<Context, StartError> {
        Ok(Context {
            service,
            keys: self.keys.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.clone(),
            times: self.times,
            max_connections: descriptor_use.max_connections()?,
            bodies: self.bodies.clone(),
        })
    }
}
