//! The replicas of the services: where they are, and which of them are well.
//!
//! All workers share what is known here. The connections are the workers' own: see [`crate::proxy`].

mod ask;
mod connect;
mod lookup;
mod observe;
mod origin;
mod replica;
mod replicas;
mod standing;

pub(crate) use connect::connect;
pub(crate) use origin::Origin;
pub(crate) use replica::{Flight, Replica};
pub(crate) use replicas::{Known, Replicas};
pub(crate) use standing::Failure;

use crate::config::Config;
use crate::limits::Seating;
use crate::proxy::Upstream;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use shared::server::{StartError, Tasks};
use std::sync::Arc;

/// The replicas of all services.
pub(crate) struct Fleet {
    auth: Arc<Replicas>,
    chat: Arc<Replicas>,
    branch: Arc<Replicas>,
}

impl Fleet {
    /// The replicas of the services of a configuration, which `tasks` keep an eye on.
    pub(crate) fn new(config: &Config, tasks: &Tasks) -> Result<Self, StartError> {
        let tls = tls(config)?;
        let replicas = |upstream| {
            let origin = Origin::at(config.upstreams.url(upstream), &tls)
                .map_err(|error| StartError::Setup(format!("the URL of the service {upstream}: {error}")))?;
            let seating = Seating::new(config.capacity, upstream, &config.metrics);
            let replicas = Arc::new(Replicas::new(upstream, origin, config.patience, seating));
            replicas.watch(config.resolution, tasks);
            Ok::<_, StartError>(replicas)
        };
        Ok(Self {
            auth: replicas(Upstream::Auth)?,
            chat: replicas(Upstream::Chat)?,
            branch: replicas(Upstream::Branch)?,
        })
    }

    /// The replicas of one service.
    pub(crate) fn of(&self, upstream: Upstream) -> &Arc<Replicas> {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }
}

/// TLS with the machine's root certificates, which are read only where they are needed.
fn tls(config: &Config) -> Result<Arc<ClientConfig>, StartError> {
    let mut roots = RootCertStore::empty();
    if Upstream::ALL.iter().any(|&upstream| config.upstreams.url(upstream).scheme() == "https") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Setup(format!("TLS: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
