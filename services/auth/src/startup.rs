//! Builds the service.

use crate::config::Config;
use crate::hasher::Hasher;
use crate::password_grants::PasswordGrants;
use crate::state::State;
use crate::store::PendingLogins;
use crate::throttle::Throttle;
use crate::{routes, store};
use actix_web::web::Data;
use shared::error::StartError;
use shared::error::causes;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_outbox::Relay;
use shared_store::{KeyedSemaphore, Store, StoreError};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::input::Settings;
use shared_web::server::{Application, ApplicationParts, DescriptorUse, Readiness, ServerConfig, no_hooks};
use shared_web::service_client::ServiceClient;

/// File descriptors of the service in a process of its own: a client's connection may need one to another service.
pub(crate) const DESCRIPTOR_USE: DescriptorUse =
    DescriptorUse { databases: shared_store::MAX_DESCRIPTORS, servers: 1, per_connection: 2 };

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.server.listen.bind()?;
    let mut context = config.server.context(Service::Auth, DESCRIPTOR_USE)?;
    context.bodies = context.bodies.with_max_bytes(MAX_AUTH_BODY_BYTES);
    let store = open_store(&config).await?;
    let tasks = Tasks::default();
    let relay = start_relay(&config, &store, &tasks)?;
    store.spawn_reclaim(&tasks);
    store::spawn_expiry(&store, &config.server.clock, &tasks);
    store::spawn_renewal(&store, &tasks);
    let readiness = Readiness::new(store.clone().readiness_check());
    let settings = Data::new(Settings::of(config.passwords.policy));
    let state = Data::new(build_state(config, store, relay, &tasks).await?);
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).app_data(settings.clone()).configure(routes::configure);
    })
}

async fn open_store(config: &Config) -> Result<Store, StartError> {
    let statement_timeout = config.server.times.statement;
    let store = Store::open(&config.database, "auth", store::migrations(), statement_timeout).await?;
    store::renew_name_keys(&store).await.map_err(start_failed)?;
    store::warn_of_shared_keys(&store).await.map_err(start_failed)?;
    let (pools, commits) = (store.clone(), store.clone());
    config.server.metrics.observe_pools(Service::Auth, move || pools.pools());
    config.server.metrics.observe_commits(Service::Auth, move || commits.commits());
    Ok(store)
}

/// Starts the deliveries to the chat service, and to the answer service where there is one.
fn start_relay(config: &Config, store: &Store, tasks: &Tasks) -> Result<Relay, StartError> {
    let ServerConfig { keys, clock, metrics, .. } = &config.server;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let answer = config.answer.as_ref().map(|url| (Service::Answer, url));
    let called = [(Service::Chat, &config.chat)].into_iter().chain(answer);
    let clients = called.map(|(called, url)| {
        let client = ServiceClient::new(http.clone(), url.clone(), Service::Auth, called, keys.clone());
        (called, client)
    });
    let relay = Relay::new(store.clone(), clients.collect(), clock.clone(), tasks.clone());
    relay.spawn();
    relay.observe(Service::Auth, metrics);
    Ok(relay)
}

async fn build_state(config: Config, store: Store, relay: Relay, tasks: &Tasks) -> Result<State, StartError> {
    let ServerConfig { keys, clock, metrics, .. } = config.server;
    let hasher = Hasher::new(config.passwords.bcrypt_cost).await?;
    hasher.observe(&metrics);
    Ok(State {
        hasher,
        throttle: Throttle::new(config.throttles_logins, clock.clone(), &metrics),
        password_grants: PasswordGrants::spawn(config.password_grant_rate, &clock, &metrics, tasks),
        pending_logins: PendingLogins::spawn(&store, tasks),
        store,
        families: KeyedSemaphore::new(1),
        keys,
        tokens: config.tokens,
        registration: config.registration,
        has_answers: config.answer.is_some(),
        clock,
        relay,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "so it is what `map_err` takes")]
fn start_failed(error: StoreError) -> StartError {
    StartError::Store(format!("DATABASE_URL: the keys of names cannot be computed: {}", causes(&error)))
}
