//! Puts the gateway together.

use crate::config::Config;
use crate::downstream::cors::Cors;
use crate::openapi::catalogue::Catalogue;
use crate::pipeline::{Hooks, Pipeline};
use crate::proxy::forward::Proxy;
use crate::proxy::token_cache::TokenCache;
use crate::rate_limit::admission::RateLimits;
use crate::routes;
use crate::routing::upstream::Upstream;
use crate::upstream::clusters::{ClustersConfig, UpstreamClusters};
use actix_web::web::Data;
use futures_util::future::join_all;
use shared::client::http_client;
use shared::identity::Service;
use shared::server::{self, Application, Context, NotReady, Readiness, StartError, Tasks};
use std::sync::Arc;
use std::time::Duration;

/// How long a service may take to say that it is ready; shorter than who asks the gateway waits.
const READINESS_TIMEOUT: Duration = Duration::from_millis(1500);

/// Binds the address.
pub fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.listen.bind()?;
    let max_connections = config.descriptor_use.max_connections()?;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let tasks = Tasks::default();
    let clusters = ClustersConfig {
        urls: &config.upstreams,
        resolution: config.resolution,
        patience: config.patience,
        capacity: config.capacity,
    };
    let fleet = Arc::new(UpstreamClusters::new(&clusters, &config.metrics, &tasks)?);
    fleet.observe(&config.metrics);
    let readiness = readiness(Arc::clone(&fleet));
    let trusted_proxies = config.edge.trusted_proxies;
    let limits = RateLimits::new(config.rates, trusted_proxies.clone(), &config.metrics, &tasks);
    let cors = Arc::new(Cors::new(config.edge.allowed_origins));
    let catalogue = Data::new(Catalogue::new(http, config.upstreams, config.patience.document));
    let (keys, bodies, patience) = (config.keys.clone(), config.bodies.clone(), config.patience);
    let hooks: Arc<dyn server::Edge> = Arc::new(Hooks);
    let hooks = Data::from(hooks);
    let context = Context {
        service: Service::Gateway,
        keys: config.keys,
        metrics: config.metrics,
        traces: config.traces,
        times: config.times,
        max_connections,
        bodies: config.bodies,
    };
    Application::bind(&listen, context, tasks, readiness, move |app| {
        // Each worker has connections of its own, so that none is shared between threads.
        let pipeline = Pipeline {
            keys: keys.clone(),
            bodies: bodies.clone(),
            cors: Arc::clone(&cors),
            limits: Arc::clone(&limits),
            tokens: TokenCache::default(),
            proxy: Proxy::new(&fleet, patience, trusted_proxies.clone()),
        };
        app.app_data(hooks.clone())
            .app_data(Data::new(pipeline))
            .app_data(Data::new(trusted_proxies.clone()))
            .app_data(catalogue.clone())
            .configure(routes::configure);
    })
}

/// Ready means here that every service is: that `/readyz` of one of its replicas says so.
fn readiness(fleet: Arc<UpstreamClusters>) -> Readiness {
    Readiness::new(move || {
        let fleet = Arc::clone(&fleet);
        async move {
            let down = join_all(Upstream::ALL.map(|upstream| why_down(&fleet, upstream))).await;
            let (names, causes): (Vec<_>, Vec<_>) = down.into_iter().flatten().unzip();
            if names.is_empty() { Ok(()) } else { Err(NotReady::down(names, causes.join("; "))) }
        }
    })
}

async fn why_down(fleet: &UpstreamClusters, upstream: Upstream) -> Option<(&'static str, String)> {
    let cause = fleet.of(upstream).are_ready(READINESS_TIMEOUT).await.err()?;
    Some((upstream.name(), format!("{upstream}: {cause}")))
}
