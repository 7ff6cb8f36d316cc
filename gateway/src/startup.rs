//! Builds the gateway.

use crate::config::Config;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::cors::Cors;
use crate::endpoints;
use crate::openapi::catalogue::Catalogue;
use crate::pipeline::{Hooks, Pipeline};
use crate::proxy::forward::Proxy;
use crate::rate_limit::admission::RateLimits;
use crate::session::SessionSettings;
use crate::timeouts::Timeouts;
use crate::token_cache::TokenCache;
use crate::ui;
use crate::ui::asset_store::AssetStore;
use crate::upstream::cluster::Cluster;
use crate::upstream::clusters::{ClustersConfig, UpstreamClusters};
use actix_web::web::Data;
use futures_util::future::join_all;
use shared::error::StartError;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_web::body_limits::BodyLimits;
use shared_web::server::{Application, ApplicationParts, NotReady, Readiness, ServerHooks};
use shared_web::tokens::TokenKeys;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The time limit of a service's `/readyz`, shorter than that of the probes of the gateway's own.
const READINESS_TIMEOUT: Duration = Duration::from_millis(1500);

/// Builds the gateway, and binds its address.
pub fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.server.listen.bind()?;
    let context = config.server.context(Service::Gateway, config.descriptor_use)?;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let tasks = Tasks::default();
    let clusters = clusters(&config, &tasks)?;
    let readiness = readiness(Arc::clone(&clusters));
    let trusted_proxies = config.downstream.trusted_proxies;
    let metrics = &config.server.metrics;
    let draining = tasks.draining().clone();
    let limits = RateLimits::new(config.rate_limits, trusted_proxies.clone(), metrics, &tasks);
    let pipelines = Pipelines {
        keys: config.server.keys,
        bodies: config.server.bodies,
        cors: Arc::new(Cors::new(config.downstream.allowed_origins)),
        limits,
        clusters,
        timeouts: config.timeouts,
        trusted_proxies: trusted_proxies.clone(),
        draining,
        session: config.ui.map(|ui| SessionSettings {
            trusted_proxies: trusted_proxies.clone(),
            cookie_max_age: ui.refresh_token_ttl,
        }),
    };
    let assets = config.ui.map(|_| Data::new(AssetStore::load()));
    let document_ttl = config.timeouts.document_ttl;
    let catalogue = Data::new(Catalogue::new(http, config.upstreams, document_ttl, config.ui.is_some()));
    let trusted_proxies = Data::new(trusted_proxies);
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: true };
    let hooks = move || -> Rc<dyn ServerHooks> { Rc::new(Hooks::new(pipelines.build())) };
    Application::bind(parts, hooks, move |app| {
        app.app_data(trusted_proxies.clone()).app_data(catalogue.clone()).configure(endpoints::configure);
        match &assets {
            Some(assets) => app.app_data(assets.clone()).configure(ui::endpoints::configure),
            None => app.configure(endpoints::configure_without_ui),
        };
    })
}

/// Builds the pipeline of each worker from what all workers share.
#[derive(Clone)]
struct Pipelines {
    keys: TokenKeys,
    bodies: BodyLimits,
    cors: Arc<Cors>,
    limits: Arc<RateLimits>,
    clusters: Arc<UpstreamClusters>,
    timeouts: Timeouts,
    trusted_proxies: TrustedProxies,
    draining: CancellationToken,
    session: Option<SessionSettings>,
}

impl Pipelines {
    /// A pipeline for the worker of this thread. Its connections and verified tokens are not shared between threads.
    fn build(&self) -> Pipeline {
        let (trusted_proxies, draining) = (self.trusted_proxies.clone(), self.draining.clone());
        Pipeline {
            keys: self.keys.clone(),
            bodies: self.bodies.clone(),
            cors: Arc::clone(&self.cors),
            limits: Arc::clone(&self.limits),
            tokens: TokenCache::default(),
            proxy: Proxy::new(&self.clusters, self.timeouts, trusted_proxies, draining),
            session: self.session.clone(),
        }
    }
}

fn clusters(config: &Config, tasks: &Tasks) -> Result<Arc<UpstreamClusters>, StartError> {
    let clusters_config = ClustersConfig {
        urls: &config.upstreams,
        resolution: config.resolution,
        timeouts: config.timeouts,
        concurrency: config.concurrency,
    };
    let clusters = Arc::new(UpstreamClusters::new(&clusters_config, &config.server.metrics, tasks)?);
    clusters.observe_metrics(&config.server.metrics);
    Ok(clusters)
}

/// The gateway is ready if `/readyz` of at least one replica of each service says so, but for one that a deployment may be without.
fn readiness(clusters: Arc<UpstreamClusters>) -> Readiness {
    Readiness::new(move || {
        let clusters = Arc::clone(&clusters);
        async move {
            let required = clusters.all().filter(|cluster| cluster.upstream.is_required());
            let down = join_all(required.map(|cluster| why_down(cluster))).await;
            let (names, causes): (Vec<_>, Vec<_>) = down.into_iter().flatten().unzip();
            if names.is_empty() { Ok(()) } else { Err(NotReady::down(names, causes.join("; "))) }
        }
    })
}

async fn why_down(cluster: &Cluster) -> Option<(&'static str, String)> {
    let cause = cluster.check_ready(READINESS_TIMEOUT).await.err()?;
    Some((cluster.upstream.name(), format!("{}: {cause}", cluster.upstream)))
}
