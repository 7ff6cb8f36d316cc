//! The services and the gateway, put together in one process.

pub use crate::config::Databases;

use crate::config::{LISTEN_SETTING, Options};
use crate::data_dir::DataDir;
use crate::settings::Settings;
use crate::traces::StackTraces;
use gateway::config::{Capacity, EdgeConfig, Patience, Rates, Resolution, Upstreams};
use reqwest::Url;
use shared::clock::Clock;
use shared::config::Env;
use shared::identity::TokenKeys;
use shared::metrics::Metrics;
use shared::server::{Application, BodyLimits, Listen, StartError, Times};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// What the stack is started with.
#[derive(Debug)]
pub struct StackConfig {
    /// Where the gateway listens.
    pub listen: Listen,
    /// The keys of tokens.
    pub keys: TokenKeys,
    /// Who is around the gateway.
    pub edge: EdgeConfig,
    /// How many requests are taken of whom.
    pub rates: Option<Rates>,
    /// How many requests a service has at once.
    pub capacity: Option<Capacity>,
    /// How long each of them waits for what.
    pub times: Times,
    /// What bodies may cost, of all services together.
    pub bodies: BodyLimits,
    /// How long the gateway waits for what else.
    pub patience: Patience,
    /// The database of each service.
    pub databases: Databases,
    /// How long tokens live.
    pub tokens: auth::config::TokenLife,
    /// How passwords are hashed, and which are taken.
    pub passwords: auth::config::PasswordConfig,
    /// Who may register.
    pub registration: auth::domain::RegistrationPolicy,
    /// Where the time comes from.
    pub clock: Clock,
    /// The folder of the data, held for as long as the stack runs.
    pub data_dir: Option<DataDir>,
    /// What is counted, of all services together.
    pub metrics: Metrics,
    /// Where the spans of requests go.
    pub traces: StackTraces,
}

impl StackConfig {
    /// The configuration of `cargo run`. Every variable is read and every port taken before the data folder is made.
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
            patience: settings.patience,
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

/// All of Banyan, ready to serve.
pub struct Stack {
    gateway: Application,
    services: Vec<Application>,
    data_dir: Option<DataDir>,
}

/// A loopback port that a service will listen on, known before the service is built, because each knows the others.
struct Port {
    listen: Listen,
    url: Url,
}

impl Port {
    fn reserve() -> Result<Self, StartError> {
        let failed = |error| StartError::Io("no loopback port is free".to_owned(), error);
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = format!("http://{address}").parse();
        let url = url.map_err(|error| StartError::Setup(format!("{address} makes no URL: {error}")))?;
        Ok(Self { listen: Listen::Bound(Arc::new(listener)), url })
    }
}

impl Stack {
    /// Opens the databases, builds the services on ports of their own, and the gateway before them.
    pub async fn build(config: StackConfig) -> Result<Self, StartError> {
        let descriptor_use = config.databases.descriptor_use();
        // Before a database is opened, which fails in ways of its own without a descriptor.
        descriptor_use.max_connections()?;
        let (auth, chat, branch) = (Port::reserve()?, Port::reserve()?, Port::reserve()?);
        let StackConfig {
            listen,
            keys,
            edge,
            rates,
            capacity,
            times,
            bodies,
            patience,
            databases,
            tokens,
            passwords,
            registration,
            clock,
            data_dir,
            metrics,
            traces,
        } = config;
        let throttles_logins = rates.is_some();
        let password_grant_rate = rates.map(|rates| rates.login);
        let gateway = gateway::config::Config {
            listen,
            keys: keys.clone(),
            upstreams: Upstreams {
                auth: auth.url.clone(),
                chat: chat.url.clone(),
                branch: branch.url.clone(),
            },
            edge,
            rates,
            capacity,
            times,
            bodies: bodies.clone(),
            patience,
            descriptor_use,
            resolution: Resolution::default(),
            metrics: metrics.clone(),
            traces: traces.gateway,
        };
        let branch_config = branch::config::Config {
            listen: branch.listen,
            keys: keys.clone(),
            database: databases.branch,
            chat: chat.url.clone(),
            clock: clock.clone(),
            times,
            bodies: bodies.clone(),
            metrics: metrics.clone(),
            traces: traces.branch,
        };
        let chat_config = chat::config::Config {
            listen: chat.listen,
            keys: keys.clone(),
            database: databases.chat,
            auth: auth.url,
            branch: branch.url,
            account_retention: chat::config::account_retention(tokens.access),
            clock: clock.clone(),
            times,
            bodies: bodies.clone(),
            metrics: metrics.clone(),
            traces: traces.chat,
        };
        let auth_config = auth::config::Config {
            listen: auth.listen,
            keys,
            database: databases.auth,
            chat: chat.url,
            tokens,
            passwords,
            registration,
            throttles_logins,
            password_grant_rate,
            clock,
            times,
            bodies,
            metrics,
            traces: traces.auth,
        };
        let services = vec![
            branch::startup::build(branch_config).await?,
            chat::startup::build(chat_config).await?,
            auth::startup::build(auth_config).await?,
        ];
        Ok(Self { gateway: gateway::startup::build(gateway)?, services, data_dir })
    }

    /// Where the gateway listens.
    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Serves until `stop` is cancelled. The gateway drains first, and then the services, which it needs until then.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), StartError> {
        let stop_services = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        for service in self.services {
            running.spawn(service.run_until_stopped(stop_services.clone()));
        }
        let gateway = self.gateway.run_until_stopped(stop).await;
        stop_services.cancel();
        let services = running.join_all().await;
        // Only now may another process use the folder.
        drop(self.data_dir);
        services.into_iter().fold(gateway, Result::and)
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
    async fn pages_on_this_machine_are_allowed_unless_others_are_named() {
        assert_eq!(origins(&Env::default()), AllowedOrigins::Local);
        let named = Env::of([("CORS_ALLOWED_ORIGINS", "https://app.example")]);
        assert_eq!(origins(&named), AllowedOrigins::Listed(vec!["https://app.example".to_owned()]));
    }
}
