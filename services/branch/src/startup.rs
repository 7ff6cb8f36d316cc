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
use shared_web::server::{
    Application, ApplicationParts, DescriptorUse, NotReady, Readiness, ServerConfig, no_hooks,
};
use shared_web::service_client::ServiceClient;

/// Binds the port, opens the database, starts the background tasks and builds the server.
pub async fn build(config: Config) -> Result<Application, StartError> {
    let ServerConfig { listen, keys, clock, times, bodies, metrics, .. } = config.server.clone();
    let listen = listen.bind()?;
    let context = config.server.context(Service::Branch, descriptor_use(&config.database))?;
    let tasks = Tasks::default();
    let store =
        ContentStore::open(&config.database, times, clock, &tasks, bodies.memory, config.undo_window).await?;
    store.observe(&metrics);
    let http = http_client().map_err(|error| StartError::Setup(error.to_string()))?;
    let chat = ServiceClient::new(http, config.chat, Service::Branch, Service::Chat, keys);
    let state = Data::new(State {
        store: store.clone(),
        chats: Chats::new(chat),
        sweeper: Sweeper::spawn(store.clone(), &tasks),
    });
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
pub(crate) fn descriptor_use(database: &Database) -> DescriptorUse {
    DescriptorUse { databases: database.max_descriptors(), servers: 1, per_connection: 2 }
}

fn not_ready(error: Error) -> NotReady {
    match error {
        Error::Store(error) => NotReady::from(error.failure()),
        error => NotReady::from(format!("{error:?}")),
    }
}
