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
use shared_store::{KeyedMutex, Store, StoreError};
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use shared_web::context::Context;
use shared_web::input::Settings;
use shared_web::server::{Application, ApplicationParts, DescriptorUse, Readiness, no_hooks};
use shared_web::service_client::ServiceClient;

/// File descriptors of the service in a process of its own: a client's connection may need one to another service.
pub const DESCRIPTOR_USE: DescriptorUse =
    DescriptorUse { databases: shared_store::MAX_DESCRIPTORS, servers: 1, per_connection: 2 };

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.listen.bind()?;
    let max_connections = DESCRIPTOR_USE.max_connections()?;
    let store = Store::open(&config.database, "auth", store::migrations(), config.times.statement).await?;
    store::renew_name_keys(&store).await.map_err(start_failed)?;
    store::warn_of_shared_keys(&store).await.map_err(start_failed)?;
    let pools = store.clone();
    config.metrics.observe_pools(Service::Auth, move || pools.pools());
    let tasks = Tasks::default();
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let chat = ServiceClient::new(http, config.chat, Service::Auth, Service::Chat, config.keys.clone());
    let relay = Relay::new(store.clone(), vec![(Service::Chat, chat)], config.clock.clone(), tasks.clone());
    relay.spawn();
    relay.observe(Service::Auth, &config.metrics);
    store.spawn_reclaim(&tasks);
    store::spawn_expiry(&store, &config.clock, &tasks);
    store::spawn_renewal(&store, &tasks);
    let hasher = Hasher::new(config.passwords.bcrypt_cost).await?;
    hasher.observe(&config.metrics);
    let state = State {
        hasher,
        throttle: Throttle::new(config.throttles_logins, config.clock.clone(), &config.metrics),
        password_grants: PasswordGrants::spawn(
            config.password_grant_rate,
            &config.clock,
            &config.metrics,
            &tasks,
        ),
        pending_logins: PendingLogins::spawn(&store, &tasks),
        store: store.clone(),
        families: KeyedMutex::default(),
        keys: config.keys.clone(),
        tokens: config.tokens,
        registration: config.registration,
        clock: config.clock,
        relay,
    };
    let state = Data::new(state);
    let settings = Data::new(Settings::of(config.passwords.policy));
    let context = Context {
        service: Service::Auth,
        keys: config.keys,
        metrics: config.metrics,
        traces: config.traces,
        times: config.times,
        max_connections,
        bodies: config.bodies.with_max_bytes(MAX_AUTH_BODY_BYTES),
    };
    let readiness = Readiness::new(store.readiness_check());
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).app_data(settings.clone()).configure(routes::configure);
    })
}

#[expect(clippy::needless_pass_by_value, reason = "so it is what `map_err` takes")]
fn start_failed(error: StoreError) -> StartError {
    StartError::Store(format!("DATABASE_URL: the keys of names cannot be computed: {}", causes(&error)))
}
