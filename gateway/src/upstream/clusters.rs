//! The clusters of all services.

use super::cluster::Cluster;
use super::dns::Resolution;
use super::origin::Origin;
use crate::concurrency::config::ConcurrencyConfig;
use crate::concurrency::limits::ReplicaLimitsFactory;
use crate::routing::upstream::{Upstream, UpstreamUrls};
use crate::timeouts::Timeouts;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use shared::error::StartError;
use shared::tasks::Tasks;
use shared_web::metrics::Metrics;
use std::sync::Arc;

/// The part of the gateway's configuration that concerns its clusters.
pub(crate) struct ClustersConfig<'a> {
    pub(crate) urls: &'a UpstreamUrls,
    pub(crate) resolution: Resolution,
    pub(crate) timeouts: Timeouts,
    /// `None` where concurrency is not limited.
    pub(crate) concurrency: Option<ConcurrencyConfig>,
}

/// The clusters of all services.
pub(crate) struct UpstreamClusters {
    auth: Arc<Cluster>,
    chat: Arc<Cluster>,
    branch: Arc<Cluster>,
    answer: Option<Arc<Cluster>>,
}

impl UpstreamClusters {
    /// Makes the clusters, and spawns their discovery and health checks as `tasks`.
    pub(crate) fn new(
        config: &ClustersConfig<'_>,
        metrics: &Metrics,
        tasks: &Tasks,
    ) -> Result<Self, StartError> {
        let tls = tls(config.urls)?;
        let cluster = |upstream, url| {
            let origin = Origin::at(url, &tls)
                .map_err(|error| StartError::Setup(format!("the URL of the service {upstream}: {error}")))?;
            let limits = ReplicaLimitsFactory::new(config.concurrency, upstream, metrics);
            let cluster = Arc::new(Cluster::new(upstream, origin, config.timeouts, limits));
            cluster.spawn(config.resolution, tasks);
            Ok::<_, StartError>(cluster)
        };
        Ok(Self {
            auth: cluster(Upstream::Auth, &config.urls.auth)?,
            chat: cluster(Upstream::Chat, &config.urls.chat)?,
            branch: cluster(Upstream::Branch, &config.urls.branch)?,
            answer: config.urls.answer.as_ref().map(|url| cluster(Upstream::Answer, url)).transpose()?,
        })
    }

    /// The cluster of one service; `None` if there is no such service.
    pub(crate) fn of(&self, upstream: Upstream) -> Option<&Arc<Cluster>> {
        match upstream {
            Upstream::Auth => Some(&self.auth),
            Upstream::Chat => Some(&self.chat),
            Upstream::Branch => Some(&self.branch),
            Upstream::Answer => self.answer.as_ref(),
        }
    }

    /// The clusters of the services that there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Cluster>> {
        Upstream::ALL.into_iter().filter_map(|upstream| self.of(upstream))
    }
}

/// TLS with the machine's root certificates, which are read only where a URL needs them.
fn tls(urls: &UpstreamUrls) -> Result<Arc<ClientConfig>, StartError> {
    let mut roots = RootCertStore::empty();
    if urls.all().any(|(_, url)| url.scheme() == "https") {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| StartError::Setup(format!("TLS: {error}")))?;
    Ok(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}
