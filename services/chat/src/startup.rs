//! Builds the service.

use crate::account_deletion::AccountDeletion;
use crate::chat_forking::ChatForking;
use crate::clients::{Branches, Users};
use crate::config::Config;
use crate::state::State;
use crate::store::Audience;
use crate::{routes, store};
use actix_web::web::Data;
use shared::error::StartError;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_outbox::Relay;
use shared_store::{KeyedSemaphore, Store};
use shared_web::server::{Application, ApplicationParts, DescriptorUse, Readiness, ServerConfig, no_hooks};
use shared_web::service_client::ServiceClient;

/// File descriptors of the service in a process of its own: a client's connection may need one to another service.
pub(crate) const DESCRIPTOR_USE: DescriptorUse =
    DescriptorUse { databases: shared_store::MAX_DESCRIPTORS, servers: 1, per_connection: 2 };

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.server.listen.bind()?;
    let context = config.server.context(Service::Chat, DESCRIPTOR_USE)?;
    let store = open_store(&config).await?;
    let tasks = Tasks::default();
    let readiness = Readiness::new(store.clone().readiness_check());
    let state = Data::new(build_state(config, store, &tasks)?);
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).configure(routes::configure);
    })
}

async fn open_store(config: &Config) -> Result<Store, StartError> {
    let statement_timeout = config.server.times.statement;
    let store = Store::open(&config.database, "chat", store::migrations(), statement_timeout).await?;
    let (pools, commits) = (store.clone(), store.clone());
    config.server.metrics.observe_pools(Service::Chat, move || pools.pools());
    config.server.metrics.observe_commits(Service::Chat, move || commits.commits());
    Ok(store)
}

/// Builds the state, and starts the background tasks.
fn build_state(config: Config, store: Store, tasks: &Tasks) -> Result<State, StartError> {
    let ServerConfig { keys, clock, metrics, .. } = config.server;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let auth = ServiceClient::new(http.clone(), config.auth, Service::Chat, Service::Auth, keys.clone());
    let branch =
        ServiceClient::new(http.clone(), config.branch, Service::Chat, Service::Branch, keys.clone());
    let mut deliveries = vec![(Service::Branch, branch.clone())];
    let audience = if config.answer.is_some() { Audience::BranchAndAnswer } else { Audience::Branch };
    deliveries.extend(
        config.answer.map(|url| {
            (Service::Answer, ServiceClient::new(http, url, Service::Chat, Service::Answer, keys))
        }),
    );
    let relay = Relay::new(store.clone(), deliveries, clock.clone(), tasks.clone());
    relay.spawn();
    relay.observe(Service::Chat, &metrics);
    store.spawn_reclaim(tasks);
    let account_deletion = AccountDeletion {
        store: store.clone(),
        relay: relay.clone(),
        audience,
        retention: config.account_retention,
        clock: clock.clone(),
        tasks: tasks.clone(),
    };
    account_deletion.spawn();
    let branches = Branches::new(branch);
    let chat_forking = ChatForking {
        store: store.clone(),
        branches: branches.clone(),
        relay: relay.clone(),
        clock: clock.clone(),
    };
    chat_forking.spawn(tasks);
    store::spawn_sweep(&store, config.undo_window.retention(), audience, &clock, tasks);
    Ok(State {
        store,
        chat_locks: KeyedSemaphore::new(1),
        users: Users::new(auth),
        branches,
        relay,
        audience,
        account_deletion,
        chat_forking,
        undo_window: config.undo_window,
        clock,
    })
}
