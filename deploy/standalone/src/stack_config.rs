//! The configuration of the stack, and of each of its programs.

use crate::config::{Databases, LISTEN_SETTING, Options};
use crate::data_dir::DataDir;
use crate::settings::Settings;
use crate::traces::StackTraces;
use gateway::config::{
    ConcurrencyConfig, DownstreamConfig, RateLimitConfig, Resolution, Timeouts, UpstreamUrls,
};
use reqwest::Url;
use shared::clock::Clock;
use shared::env::Env;
use shared::error::StartError;
use shared_web::body_limits::BodyLimits;
use shared_web::metrics::Metrics;
use shared_web::server::Listen;
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;

/// The configuration of the stack.
#[derive(Debug)]
pub struct StackConfig {
    /// Where the gateway listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// The gateway's side towards clients: proxies, CORS, compression.
    pub downstream: DownstreamConfig,
    /// Rate limits; none if they are off.
    pub rate_limits: Option<RateLimitConfig>,
    /// Concurrency limits; none if they are off.
    pub concurrency: Option<ConcurrencyConfig>,
    /// Time-outs of all servers.
    pub times: ServerTimeouts,
    /// Limits of bodies, of all services together.
    pub bodies: BodyLimits,
    /// Further time-outs of the gateway.
    pub gateway_timeouts: Timeouts,
    /// The database of each service.
    pub databases: Databases,
    /// The lifetimes of tokens.
    pub tokens: auth::config::TokenLife,
    /// The cost of hashes and the policy for new passwords.
    pub passwords: auth::config::PasswordConfig,
    /// Who may register.
    pub registration: auth::domain::RegistrationPolicy,
    /// The clock.
    pub clock: Clock,
    /// The folder of the data, held for as long as the stack runs.
    pub data_dir: Option<DataDir>,
    /// The metrics of all services together.
    pub metrics: Metrics,
    /// The export of spans.
    pub traces: StackTraces,
}

impl StackConfig {
    /// The configuration of `cargo run`. Every variable is read and every port is bound before the data folder is created.
    pub fn from_env(options: &Options, env: &Env) -> Result<Self, StartError> {
        let clock = Clock::system();
        let settings = Settings::from_env(options, env, &clock)?;
        let listen = settings.listen.bind_as(LISTEN_SETTING)?;
        let data_dir = DataDir::open(&options.data_dir)?;
        let keys = match settings.keys {
            Some(keys) => keys,
            None => TokenKeys::new(&data_dir.secret_key()?, clock.clone())?,
        };
        Ok(Self {
            listen,
            keys,
            downstream: settings.downstream,
            rate_limits: settings.rate_limits,
            concurrency: settings.concurrency,
            times: settings.times,
            bodies: settings.bodies,
            gateway_timeouts: settings.gateway_timeouts,
            databases: settings.databases,
            tokens: settings.tokens,
            passwords: settings.passwords,
            registration: settings.registration,
            clock,
            data_dir: Some(data_dir),
            metrics: settings.metrics,
            traces: settings.traces,
        })
    }
}

/// The configurations of the gateway and the services. Each knows the URLs that it calls.
impl StackConfig {
    pub(crate) fn gateway(&self, upstreams: UpstreamUrls) -> gateway::config::Config {
        gateway::config::Config {
            listen: self.listen.clone(),
            keys: self.keys.clone(),
            upstreams,
            downstream: self.downstream.clone(),
            rate_limits: self.rate_limits,
            concurrency: self.concurrency,
            times: self.times,
            bodies: self.bodies.clone(),
            timeouts: self.gateway_timeouts,
            descriptor_use: self.databases.descriptor_use(),
            resolution: Resolution::default(),
            metrics: self.metrics.clone(),
            traces: self.traces.gateway.clone(),
        }
    }

    pub(crate) fn branch(&self, listen: Listen, chat: Url) -> branch::config::Config {
        branch::config::Config {
            listen,
            keys: self.keys.clone(),
            database: self.databases.branch.clone(),
            chat,
            clock: self.clock.clone(),
            times: self.times,
            bodies: self.bodies.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.branch.clone(),
        }
    }

    pub(crate) fn chat(&self, listen: Listen, auth: Url, branch: Url) -> chat::config::Config {
        chat::config::Config {
            listen,
            keys: self.keys.clone(),
            database: self.databases.chat.clone(),
            auth,
            branch,
            account_retention: chat::config::account_retention(self.tokens.access),
            clock: self.clock.clone(),
            times: self.times,
            bodies: self.bodies.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.chat.clone(),
        }
    }

    pub(crate) fn auth(&self, listen: Listen, chat: Url) -> auth::config::Config {
        auth::config::Config {
            listen,
            keys: self.keys.clone(),
            database: self.databases.auth.clone(),
            chat,
            tokens: self.tokens,
            passwords: self.passwords,
            registration: self.registration,
            throttles_logins: self.rate_limits.is_some(),
            password_grant_rate: self.rate_limits.map(|rates| rates.login),
            clock: self.clock.clone(),
            times: self.times,
            bodies: self.bodies.clone(),
            metrics: self.metrics.clone(),
            traces: self.traces.auth.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway::config::AllowedOrigins;

    fn origins(env: &Env) -> AllowedOrigins {
        let folder = tempfile::tempdir().unwrap();
        let options =
            Options { listen: "127.0.0.1:0".to_owned(), data_dir: folder.path().join("data"), task: None };
        StackConfig::from_env(&options, env).unwrap().downstream.allowed_origins
    }

    #[tokio::test]
    async fn local_origins_are_allowed_unless_cors_allowed_origins_is_set() {
        assert_eq!(origins(&Env::default()), AllowedOrigins::Local);
        let named = Env::of([("CORS_ALLOWED_ORIGINS", "https://app.example")]);
        assert_eq!(origins(&named), AllowedOrigins::Listed(vec!["https://app.example".to_owned()]));
    }
}
