//! The HTTP server that every service is: bind, tell the port, serve, drain.

mod answer;
mod cli;
mod connection;
mod connection_errors;
mod drain;
mod endpoint;
mod expect;
mod fd_limit;
mod handler_timeout;
mod health;
mod hooks;
mod idle_memory;
mod listen;
mod middleware;
mod path;
mod process;
mod request_log;
mod token_endpoint;

pub use cli::{CheckOptions, Command, health_check};
pub(crate) use connection_errors::{ConnectionErrorLayer, TARGETS as CONNECTION_ERROR_TARGETS};
pub use endpoint::{
    Endpoint, internal, method_not_allowed, protected, protected_scope, public, route_not_found,
};
pub use fd_limit::{DescriptorUse, is_out_of_descriptors, raise_descriptor_limit};
pub use health::{NotReady, Readiness};
pub use hooks::{Answering, Edge};
pub use listen::Listen;
pub(crate) use path::invalid_path;
pub use request_log::PassedOn;

pub use process::{run, stop_on_signal, unless_stopped};

use crate::context::Context;
use crate::server::connection::ConnectionSettings;
use crate::server::connection::Connections;
use crate::server::drain::Door;
use crate::server::listen::not_listening;
use crate::spans::Traces;
use actix_server::Server;
use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a process that was told to stop still takes connections, so that nobody meets a closed door who could have
/// known better: `/readyz` says 503 by then, and every answer says that its connection closes.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long requests may take to finish after that.
const REQUESTS: Duration = Duration::from_secs(12);
/// How long all of it may take, what goes on in the background included. Who stops a service kills it at 20 s or later.
const DRAIN: Duration = Duration::from_secs(16);

/// A service that has bound its address and is ready to serve.
pub struct Application {
    server: Server,
    address: SocketAddr,
    door: Door,
    tasks: Tasks,
    leaving: Arc<AtomicBool>,
    farewell: Duration,
    service: Service,
    traces: Traces,
}

impl Application {
    /// Binds the address and sets up the routes of a service.
    ///
    /// Beside those it serves `/livez` and `/readyz`. `tasks` is what its background work runs in.
    pub fn bind<F>(
        listen: &Listen,
        context: Context,
        tasks: Tasks,
        readiness: Readiness,
        routes: F,
    ) -> Result<Self, StartError>
    where
        F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let listener = listen.listener()?;
        let address = listener.local_addr().map_err(not_listening)?;
        let workers = usize::try_from(fd_limit::workers()).unwrap_or(1);
        let max_connections_per_worker = (context.max_connections / workers).max(1);
        let silent = TaskTracker::new();
        let service = context.service;
        // A client that leaves has its handler and its answer dropped. A service brings to its end what it has begun.
        let cancels = service == Service::Gateway;
        let connections = Connections::new(max_connections_per_worker * workers, silent.clone(), cancels);
        let door = Door::of(&listener, silent).map_err(not_listening)?;
        let traces = context.traces.clone();
        let builder = Server::build();
        let settings = ConnectionSettings {
            connections,
            head_timeout: context.times.head,
            idle_timeout: context.times.idle,
            write_timeout: context.bodies.min_rate.grace,
            draining: builder.graceful_shutdown_signal(),
        };
        let context = Data::new(context);
        let leaving = Arc::clone(readiness.leaving());
        let readiness = Data::new(readiness);
        let application = move || {
            // This is called once on the thread of each worker.
            connection_errors::count_on_this_thread(context.service, &context.metrics);
            let app = App::new()
                .app_data(context.clone())
                .app_data(readiness.clone())
                .configure(routes.clone())
                .configure(health::routes)
                .default_service(actix_web::web::to(endpoint::not_found))
                .wrap(from_fn(middleware::request_scope));
            connection::serve(app, settings.clone())
        };
        let server = builder
            .workers(workers)
            .max_concurrent_connections(max_connections_per_worker)
            .shutdown_timeout(REQUESTS.as_secs())
            .disable_signals()
            .listen(service.name(), listener, application)
            .map_err(not_listening)?
            .run();
        Ok(Self { server, address, door, tasks, leaving, farewell: Duration::ZERO, service, traces })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that is listened on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Goes on to take connections for so long after it was told to stop.
    #[must_use]
    pub fn with_farewell(self, farewell: Duration) -> Self {
        Self { farewell, ..self }
    }

    /// Serves until `stop` is cancelled, then lets requests and background work finish.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), StartError> {
        tracing::info!(service = %self.service, address = %self.address, "listening");
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move { stopping.run_until_cancelled(idle_memory::keep_returning()).await });
        let handle = self.server.handle();
        tokio::pin!(let server = self.server;);
        let (served, deadline) = tokio::select! {
            served = &mut server => (served, Instant::now() + DRAIN),
            () = stop.cancelled() => {
                tracing::info!(service = %self.service, "draining");
                let deadline = Instant::now() + DRAIN;
                self.leaving.store(true, Ordering::Relaxed);
                let stopped = async {
                    if self.farewell.is_zero() {
                        drop(self.door);
                    } else {
                        tokio::time::sleep(self.farewell).await;
                        self.door.close().await;
                    }
                    self.tasks.stop();
                    handle.stop(true).await;
                };
                (tokio::join!(server, stopped).0, deadline)
            }
        };
        if tokio::time::timeout_at(deadline, self.tasks.finished()).await.is_err() {
            tracing::warn!(service = %self.service, "background work was cut off");
        }
        self.traces.finish().await;
        tracing::info!(service = %self.service, "stopped");
        served.map_err(|error| StartError::Io(format!("{} stopped", self.service), error))
    }
}
