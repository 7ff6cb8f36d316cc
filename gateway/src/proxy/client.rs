//! The connections to the services, and what is waited for on them.

use super::Upstream;
use super::replica::Replica;
use super::upload::{Progress, Stop, Upload, UploadBody, Waiting};
use crate::config::{Config, Patience};
use crate::error::Error;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use shared::server::StartError;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// How long an idle connection is kept to be used again; shorter than a service keeps it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a service answers: the head, and a body that is still to come.
pub(super) type Answer = hyper::Response<Incoming>;

/// The services, and the connections to them. hyper is used as it is: it sends paths, queries and bodies as they came,
/// follows no redirects, uses no proxy and unpacks nothing.
pub(crate) struct Proxy {
    client: Client<HttpsConnector<HttpConnector>, UploadBody>,
    replicas: Replicas,
    tls: Arc<ClientConfig>,
    patience: Patience,
}

#[derive(Clone)]
struct Replicas {
    auth: Replica,
    chat: Replica,
    branch: Replica,
}

impl Proxy {
    /// A proxy to the services of a configuration.
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        let replica = |upstream| {
            Replica::at(config.upstreams.url(upstream))
                .map_err(|error| StartError::Setup(format!("the URL of the service {upstream}: {error}")))
        };
        let replicas = Replicas {
            auth: replica(Upstream::Auth)?,
            chat: replica(Upstream::Chat)?,
            branch: replica(Upstream::Branch)?,
        };
        let tls = tls(replicas.any_is_secure())?;
        Ok(Self::with(replicas, tls, config.patience))
    }

    /// The same with connections that no other has.
    #[must_use]
    pub(crate) fn with_own_connections(&self) -> Self {
        Self::with(self.replicas.clone(), Arc::clone(&self.tls), self.patience)
    }

    fn with(replicas: Replicas, tls: Arc<ClientConfig>, patience: Patience) -> Self {
        let mut http = HttpConnector::new();
        http.set_nodelay(true);
        http.set_connect_timeout(Some(patience.connect));
        http.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(ClientConfig::clone(&tls))
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client, replicas, tls, patience }
    }

    /// Where a request to a service goes: each has one address for now.
    pub(super) fn replica(&self, upstream: Upstream) -> &Replica {
        match upstream {
            Upstream::Auth => &self.replicas.auth,
            Upstream::Chat => &self.replicas.chat,
            Upstream::Branch => &self.replicas.branch,
        }
    }

    /// How long is waited for what.
    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Sends a request with its body, and waits for the head of the answer.
    pub(super) async fn send(
        &self,
        question: hyper::Request<()>,
        upload: Upload,
        upstream: Upstream,
    ) -> Result<Answer, Error> {
        let Upload { body, progress } = upload;
        let mut answer = self.client.request(question.map(|()| body));
        loop {
            let deadline = progress.waiting().1 + self.patience.head;
            tokio::select! {
                answer = &mut answer => {
                    return answer.map_err(|source| match progress.stop() {
                        Some(Stop::TooLarge) => Error::BodyTooLarge,
                        Some(Stop::ByClient) => Error::BodyBroken,
                        None => Error::NoAnswer { upstream, source },
                    });
                }
                () = sleep_until(deadline) => give_up(&progress, self.patience.head, upstream)?,
            }
        }
    }
}

/// An error when nothing has moved for too long.
fn give_up(progress: &Progress, patience: Duration, upstream: Upstream) -> Result<(), Error> {
    let (whom, since) = progress.waiting();
    if since + patience > Instant::now() {
        return Ok(());
    }
    Err(match whom {
        Waiting::ForClient => Error::BodyTooSlow,
        Waiting::ForService => Error::NoAnswerInTime(upstream),
    })
}

impl Replicas {
    fn any_is_secure(&self) -> bool {
        [&self.auth, &self.chat, &self.branch].into_iter().any(Replica::is_secure)
    }
}

/// TLS with the machine's root certificates, which are read only where they are needed.
fn tls(needed: bool) -> Result<Arc<ClientConfig>, StartError> {
    let mut roots = RootCertStore::empty();
    if needed {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Setup(format!("TLS: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
