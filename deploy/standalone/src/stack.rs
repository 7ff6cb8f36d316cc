//! The services and the gateway in one process.

use crate::config::LISTEN_SETTING;
use crate::data_dir::DataDir;
use crate::stack_config::StackConfig;
use gateway::config::UpstreamUrls;
use reqwest::Url;
use shared::error::StartError;
use shared_web::server::{Application, Listen, ServerConfig};
use shared_web::tokens::TokenKeys;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// All of Banyan, ready to serve.
pub struct Stack {
    gateway: Application,
    answer: Application,
    services: Vec<Application>,
    data_dir: DataDir,
}

/// A loopback port for a service, bound before the service is built, because the services need one another's URLs.
struct Port {
    listen: Listen,
    url: Url,
}

impl Port {
    fn bind() -> Result<Self, StartError> {
        let failed = |error| StartError::Io("no loopback port is free".to_owned(), error);
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let url = format!("http://{address}").parse();
        let url = url.map_err(|error| StartError::Setup(format!("{address} makes no URL: {error}")))?;
        Ok(Self { listen: Listen::Bound(Arc::new(listener)), url })
    }
}

impl Stack {
    /// Opens the databases, builds the services on ports of their own, and the gateway before them. Every port is bound before the
    /// data folder is created.
    pub async fn build(config: StackConfig) -> Result<Self, StartError> {
        let listen = config.listen.bind_as(LISTEN_SETTING)?;
        let data_dir = DataDir::open(&config.data_dir)?;
        let secret = match &config.secret {
            Some(secret) => secret.clone(),
            None => data_dir.secret_key()?,
        };
        let keys = TokenKeys::new(&secret, config.clock.clone())?;
        // Checked before a database is opened, which fails in ways of its own without a descriptor.
        config.databases.descriptor_use().max_connections()?;
        let [auth, chat, branch, answer] = [Port::bind()?, Port::bind()?, Port::bind()?, Port::bind()?];
        let upstreams = UpstreamUrls {
            auth: auth.url.clone(),
            chat: chat.url.clone(),
            branch: branch.url.clone(),
            answer: Some(answer.url.clone()),
        };
        let server = config.server(listen, keys);
        let on = |port: &Port| ServerConfig { listen: port.listen.clone(), ..server.clone() };
        let services = vec![
            branch::startup::build(config.branch(on(&branch), chat.url.clone())).await?,
            chat::startup::build(config.chat(on(&chat), &upstreams)).await?,
            auth::startup::build(config.auth(on(&auth), &upstreams)).await?,
        ];
        let answer = answer::startup::build(config.answer(on(&answer), &upstreams, secret)).await?;
        let gateway = gateway::startup::build(config.gateway(server, upstreams))?;
        for service in services.iter().chain([&answer]) {
            tracing::debug!(service = %service.service(), address = %service.address(), "listening");
        }
        gateway.log_listening();
        Ok(Self { gateway, answer, services, data_dir })
    }

    /// The address of the gateway.
    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    /// Serves until `stop` is cancelled. The gateway drains first, then the answers that are under way, and then the other services,
    /// which both need until then.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), StartError> {
        let stop_services = CancellationToken::new();
        let mut running = tokio::task::JoinSet::new();
        for service in self.services {
            running.spawn(service.run_until_stopped(stop_services.clone()));
        }
        let (stop_answers, mut answering) = (CancellationToken::new(), tokio::task::JoinSet::new());
        answering.spawn(self.answer.run_until_stopped(stop_answers.clone()));
        let gateway = self.gateway.run_until_stopped(stop).await;
        stop_answers.cancel();
        let answers = answering.join_all().await;
        stop_services.cancel();
        let services = running.join_all().await;
        // The lock of the folder is held until here.
        drop(self.data_dir);
        answers.into_iter().chain(services).fold(gateway, Result::and)
    }
}
