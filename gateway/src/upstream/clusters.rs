//! The replicas of all services.

use super::cluster::Cluster;
use super::dns::Resolution;
use super::origin::Origin;
use crate::concurrency::config::ConcurrencyConfig;
use crate::concurrency::limits::UpstreamLimits;
use crate::routing::upstream::{Upstream, UpstreamUrls};
use crate::timeouts::Timeouts;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use shared::metrics::Metrics;
use shared::server::{StartError, Tasks};
use std::sync::Arc;

/// What of the gateway's configuration concerns the services.
pub(crate) struct ClustersConfig<'a> {
    /// Where they are.
    pub(crate) urls: &'a UpstreamUrls,
    /// Who knows their addresses.
    pub(crate) resolution: Resolution,
    pub(crate) patience: Timeouts,
    /// How many requests a replica has at once; `None` where that is not limited.
    pub(crate) capacity: Option<ConcurrencyConfig>,
}

/// The replicas of all services.
pub(crate) struct UpstreamClusters {
    auth: Arc<Cluster>,
    chat: Arc<Cluster>,
    branch: Arc<Cluster>,
}

impl UpstreamClusters {
    /// The replicas of the services of a configuration, which `tasks` keep an eye on.
    pub(crate) fn new(
        config: &ClustersConfig<'_>,
        metrics: &Metrics,
        tasks: &Tasks,
    ) -> Result<Self, StartError> {
        let tls = tls(config.urls)?;
        let replicas = |upstream| {
            let origin = Origin::at(config.urls.url(upstream), &tls)
                .map_err(|error| StartError::Setup(format!("the URL of the service {upstream}: {error}")))?;
            let seating = UpstreamLimits::new(config.capacity, upstream, metrics);
            let replicas = Arc::new(Cluster::new(upstream, origin, config.patience, seating));
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
    pub(crate) fn of(&self, upstream: Upstream) -> &Arc<Cluster> {
        match upstream {
            Upstream::Auth => &self.auth,
            Upstream::Chat => &self.chat,
            Upstream::Branch => &self.branch,
        }
    }
}

/// TLS with the machine's root certificates, which are read only where they are needed.
fn tls(urls: &UpstreamUrls) -> Result<Arc<ClientConfig>, StartError> {
    let mut roots = RootCertStore::empty();
    if Upstream::ALL.iter().any(|&upstream| urls.url(upstream).scheme() == "https") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Setup(format!("TLS: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
