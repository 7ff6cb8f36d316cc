//! Puts the gateway together.

use crate::config::Config;
use crate::edge::{Cors, Edge};
use crate::fleet::Fleet;
use crate::limits::RateLimits;
use crate::openapi::Catalogue;
use crate::proxy::Proxy;
use crate::{readiness, routes};
use actix_web::web::Data;
use shared::client::http_client;
use shared::identity::Service;
use shared::server::{self, Application, Context, StartError, Tasks};
use std::sync::Arc;

/// Binds the address.
pub fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.listen.bind()?;
    let max_connections = config.descriptor_use.max_connections()?;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let tasks = Tasks::default();
    let fleet = Arc::new(Fleet::new(&config, &tasks)?);
    fleet.observe(&config.metrics);
    let limits = Data::from(RateLimits::new(config.rates, &config.metrics, &tasks));
    let readiness = readiness::of_services(Arc::clone(&fleet));
    let catalogue = Data::new(Catalogue::new(http, config.upstreams, config.patience.document));
    let edge: Arc<dyn server::Edge> = Arc::new(Edge);
    let edge = Data::from(edge);
    let trusted_proxies = Data::new(config.edge.trusted_proxies);
    let cors = Data::new(Cors::new(config.edge.allowed_origins));
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
        let proxy = Data::new(Proxy::new(&fleet, config.patience));
        app.app_data(edge.clone())
            .app_data(trusted_proxies.clone())
            .app_data(cors.clone())
            .app_data(limits.clone())
            .app_data(proxy)
            .app_data(catalogue.clone())
            .configure(routes::configure);
    })
}
