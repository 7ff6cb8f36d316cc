//! Builds the service.

use crate::clients::{Branches, Chats};
use crate::config::{Config, UserKeysConfig};
use crate::executor::{Executor, ExecutorParts};
use crate::keyring::Keyring;
use crate::metrics::RunMetrics;
use crate::state::State;
use crate::streams::{Hub, spawn_follower};
use crate::{routes, store};
use actix_web::web::Data;
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use shared::error::StartError;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_store::Store;
use shared_web::server::{Application, ApplicationParts, DescriptorUse, Readiness, ServerConfig, no_hooks};
use shared_web::service_client::ServiceClient;

/// File descriptors of the service in a process of its own: a client's connection may need one to another service or to a provider.
pub(crate) const DESCRIPTOR_USE: DescriptorUse =
    DescriptorUse { databases: shared_store::MAX_DESCRIPTORS, servers: 1, per_connection: 2 };
/// What the key of the names of cached prompts is derived for.
const CACHE_KEY_LABEL: &[u8] = b"banyan answer prompt cache key";

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.server.listen.bind()?;
    let context = config.server.context(Service::Answer, DESCRIPTOR_USE)?;
    let store = open_store(&config).await?;
    let tasks = Tasks::default();
    let readiness = Readiness::new(store.clone().readiness_check());
    let has_user_keys = config.user_keys.is_on;
    let state = Data::new(build_state(config, store, &tasks)?);
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: true };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).configure(|config| routes::routes(has_user_keys).configure(config));
    })
}

async fn open_store(config: &Config) -> Result<Store, StartError> {
    let statement_timeout = config.server.times.statement;
    let store = Store::open(&config.database, "answer", store::migrations(), statement_timeout).await?;
    let (pools, commits) = (store.clone(), store.clone());
    config.server.metrics.observe_pools(Service::Answer, move || pools.pools());
    config.server.metrics.observe_commits(Service::Answer, move || commits.commits());
    Ok(store)
}

/// Builds the state, and starts the background tasks.
fn build_state(config: Config, store: Store, tasks: &Tasks) -> Result<State, StartError> {
    let ServerConfig { keys, metrics, .. } = config.server;
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let branch =
        ServiceClient::new(http.clone(), config.branch, Service::Answer, Service::Branch, keys.clone());
    let chat = ServiceClient::new(http, config.chat, Service::Answer, Service::Chat, keys);
    let (branches, hub) = (Branches::new(branch), Hub::default());
    store.spawn_reclaim(tasks);
    spawn_follower(&store, &hub, config.timing, tasks);
    let user_keys = keyring(&config.user_keys, &config.secret)?;
    let run_metrics = RunMetrics::default();
    run_metrics.observe(&store, &metrics);
    let executor = Executor::new(ExecutorParts {
        store: store.clone(),
        branches: branches.clone(),
        models: config.models.clone(),
        hub: hub.clone(),
        timing: config.timing,
        drain: config.drain,
        tasks: tasks.clone(),
        metrics: run_metrics,
        cache_key: cache_key(&config.secret),
        user_keys: user_keys.clone(),
        account_retention: config.account_retention,
    });
    executor.spawn();
    Ok(State {
        store,
        branches,
        chats: Chats::new(chat),
        models: config.models,
        user_keys,
        executor,
        hub,
        limits: config.limits,
        question_bytes: config.question_bytes,
        timing: config.timing,
        tasks: tasks.clone(),
    })
}

fn cache_key(secret: &SecretString) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose_secret().as_bytes());
    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&secret, CACHE_KEY_LABEL).as_ref())
}

/// The keys under which users' keys are encrypted, where users may have some.
fn keyring(config: &UserKeysConfig, secret_key: &SecretString) -> Result<Option<Keyring>, StartError> {
    if !config.is_on {
        return Ok(None);
    }
    let secret = config.secret.as_ref().unwrap_or(secret_key);
    let keyring = Keyring::new(secret, config.previous_secret.as_ref());
    keyring.map(Some).map_err(|error| StartError::Setup(format!("no encryption key is derived: {error}")))
}
