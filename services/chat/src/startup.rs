//! Builds the service.

use crate::account_deletion::AccountDeletion;
use crate::clients::{Branches, Users};
use crate::config::Config;
use crate::state::State;
use crate::{routes, store};
use actix_web::web::Data;
use shared::error::StartError;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_outbox::Relay;
use shared_store::{KeyedMutex, Store};
use shared_web::context::Context;
use shared_web::server::{Application, ApplicationParts, DescriptorUse, Readiness, no_hooks};
use shared_web::service_client::ServiceClient;

/// File descriptors of the service in a process of its own: a client's connection may need one to another service.
pub const DESCRIPTOR_USE: DescriptorUse =
    DescriptorUse { databases: shared_store::MAX_DESCRIPTORS, servers: 1, per_connection: 2 };

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.listen.bind()?;
    let max_connections = DESCRIPTOR_USE.max_connections()?;
    let store = Store::open(&config.database, "chat", store::migrations(), config.times.statement).await?;
    let pools = store.clone();
    config.metrics.observe_pools(Service::Chat, move || pools.pools());
    let tasks = Tasks::default();
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let keys = config.keys.clone();
    let auth = ServiceClient::new(http.clone(), config.auth, Service::Chat, Service::Auth, keys.clone());
    let branch = ServiceClient::new(http, config.branch, Service::Chat, Service::Branch, keys);
    let deliveries = vec![(Service::Branch, branch.clone())];
    let relay = Relay::new(store.clone(), deliveries, config.clock.clone(), tasks.clone());
    relay.spawn();
    relay.observe(Service::Chat, &config.metrics);
    store.spawn_reclaim(&tasks);
    let account_deletion = AccountDeletion {
        store: store.clone(),
        relay: relay.clone(),
        retention: config.account_retention,
        clock: config.clock.clone(),
        tasks: tasks.clone(),
    };
    account_deletion.spawn();
    store::spawn_sweep(&store, &config.clock, &tasks);
    let state = State {
        store: store.clone(),
        chat_locks: KeyedMutex::default(),
        users: Users::new(auth),
        branches: Branches::new(branch),
        relay,
        account_deletion,
        clock: config.clock,
    };
    let state = Data::new(state);
    let context = Context {
        service: Service::Chat,
        keys: config.keys,
        metrics: config.metrics,
        traces: config.traces,
        times: config.times,
        max_connections,
        bodies: config.bodies,
    };
    let readiness = Readiness::new(store.readiness_check());
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).configure(routes::configure);
    })
}
