//! Builds the service.

use crate::clients::Chats;
use crate::config::{Config, Database};
use crate::error::Error;
use crate::routes;
use crate::state::State;
use crate::store::ContentStore;
use crate::sweeper::Sweeper;
use actix_web::web::Data;
use shared::error::StartError;
use shared::http_client::http_client;
use shared::service::Service;
use shared::tasks::Tasks;
use shared_web::context::Context;
use shared_web::server::{Application, ApplicationParts, DescriptorUse, NotReady, Readiness, no_hooks};
use shared_web::service_client::ServiceClient;

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let listen = config.listen.bind()?;
    let max_connections = descriptor_use(&config.database).max_connections()?;
    let tasks = Tasks::default();
    let memory = config.bodies.memory.clone();
    let store = ContentStore::open(&config.database, config.times, config.clock, &tasks, memory).await?;
    store.observe(&config.metrics);
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let chat = ServiceClient::new(http, config.chat, Service::Branch, Service::Chat, config.keys.clone());
    let state = Data::new(State {
        store: store.clone(),
        chats: Chats::new(chat),
        sweeper: Sweeper::spawn(store.clone(), &tasks),
    });
    let context = Context {
        service: Service::Branch,
        keys: config.keys,
        metrics: config.metrics,
        traces: config.traces,
        times: config.times,
        max_connections,
        bodies: config.bodies,
    };
    let readiness = Readiness::new(move || {
        let store = store.clone();
        async move { store.check().await.map_err(not_ready) }
    });
    let parts = ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false };
    Application::bind(parts, no_hooks, move |app| {
        app.app_data(state.clone()).configure(routes::configure);
    })
}

/// File descriptors of the service in a process of its own: a client's connection may need one to the chat service.
pub fn descriptor_use(database: &Database) -> DescriptorUse {
    DescriptorUse { databases: database.max_descriptors(), servers: 1, per_connection: 2 }
}

fn not_ready(error: Error) -> NotReady {
    match error {
        Error::Store(error) => NotReady::from(error.failure()),
        error => NotReady::from(format!("{error:?}")),
    }
}
