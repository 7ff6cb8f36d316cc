//! Puts the service together.

use crate::config::Config;
use crate::hasher::Hasher;
use crate::state::State;
use crate::store::PendingLogins;
use crate::throttle::Throttle;
use crate::{routes, store};
use actix_web::web::Data;
use shared::client::{ServiceClient, http_client};
use shared::identity::Service;
use shared::server::{Application, Context, Readiness, StartError, Tasks};
use shared::store::Store;
use shared::store::outbox::Relay;

/// Opens the database, starts the background work and binds the address.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let store = Store::open(&config.database, "auth", store::migrations(), config.times.statement).await?;
    store.observe(Service::Auth, &config.metrics);
    let tasks = Tasks::default();
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let chat = ServiceClient::new(http, config.chat, Service::Auth, Service::Chat, config.keys.clone());
    let relay = Relay::new(store.clone(), vec![(Service::Chat, chat)], config.clock.clone(), tasks.clone());
    relay.spawn();
    store.spawn_reclaim(&tasks);
    store::spawn_expiry(&store, &config.clock, &tasks);
    let state = State {
        hasher: Hasher::new(config.passwords.bcrypt_cost).await?,
        throttle: Throttle::new(config.throttles_logins, config.clock.clone(), &config.metrics),
        pending_logins: PendingLogins::spawn(&store, &tasks),
        store: store.clone(),
        keys: config.keys.clone(),
        tokens: config.tokens,
        clock: config.clock,
        relay,
    };
    let state = Data::new(state);
    let policy = Data::new(config.passwords.policy);
    let context = Context {
        service: Service::Auth,
        keys: config.keys,
        metrics: config.metrics,
        traces: config.traces,
        times: config.times,
    };
    let readiness = Readiness::of_store(store);
    Application::bind(&config.listen, context, tasks, readiness, move |app| {
        app.app_data(state.clone()).app_data(policy.clone()).configure(routes::configure);
    })
}
