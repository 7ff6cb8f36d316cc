//! The configuration of the stack, and of each of its programs.

use crate::config::{Databases, LISTEN_SETTING, Options};
use crate::data_dir::DataDir;
use crate::settings::Settings;
use crate::traces::StackTraces;
use gateway::config::{Capacity, EdgeConfig, Patience, Rates, Resolution, Upstreams};
use reqwest::Url;
use shared::clock::Clock;
use shared::config::Env;
use shared::identity::TokenKeys;
use shared::metrics::Metrics;
use shared::server::{BodyLimits, Listen, StartError, Times};

/// The configuration of the stack.
#[derive(Debug)]
pub struct StackConfig {
    /// Where the gateway listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// The gateway's side towards clients: proxies, CORS, compression.
    pub edge: EdgeConfig,
    /// Rate limits; none if they are off.
    pub rates: Option<Rates>,
    /// Concurrency limits; none if they are off.
    pub capacity: Option<Capacity>,
    /// Time-outs of all servers.
    pub times: Times,
    /// Limits of bodies, of all services together.
    pub bodies: BodyLimits,
    /// Further time-outs of the gateway.
    pub gateway_timeouts: Patience,
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
            edge: settings.edge,
            rates: settings.rates,
            capacity: settings.capacity,
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
    pub(crate) fn gateway(&self, upstreams: Upstreams) -> gateway::config::Config {
        gateway::config::Config {
            listen: self.listen.clone(),
            keys: self.keys.clone(),
            upstreams,
            edge: self.edge.clone(),
            rates: self.rates,
            capacity: self.capacity,
            times: self.times,
            bodies: self.bodies.clone(),
            patience: self.gateway_timeouts,
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
            throttles_logins: self.rates.is_some(),
            password_grant_rate: self.rates.map(|rates| rates.login),
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
        StackConfig::from_env(&options, env).unwrap().edge.allowed_origins
    }

    #[tokio::test]
    async fn local_origins_are_allowed_unless_cors_allowed_origins_is_set() {
        assert_eq!(origins(&Env::default()), AllowedOrigins::Local);
        let named = Env::of([("CORS_ALLOWED_ORIGINS", "https://app.example")]);
        assert_eq!(origins(&named), AllowedOrigins::Listed(vec!["https://app.example".to_owned()]));
    }
}
