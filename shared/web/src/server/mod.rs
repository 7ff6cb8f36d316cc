//! The HTTP server of every service: bind, serve, drain.

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
mod response_body;
mod routes;
mod token_endpoint;

pub use cli::{CheckOptions, Command, health_check};
pub(crate) use connection_errors::{ConnectionErrorLayer, TARGETS as CONNECTION_ERROR_TARGETS};
pub use endpoint::{Endpoint, method_not_allowed, public, route_not_found};
pub use fd_limit::{DescriptorUse, is_out_of_descriptors, raise_descriptor_limit};
pub use health::{NotReady, Readiness};
pub use hooks::{ResponseFuture, ServerHooks};
pub use listen::Listen;
pub(crate) use path::invalid_path;
pub use request_log::ProxiedRoute;
pub use routes::{DocumentedHandler, Routes};

pub use process::{run, stop_on_signal, unless_stopped};

use crate::context::Context;
use crate::server::connection::ConnectionSettings;
use crate::server::connection::Connections;
use crate::server::drain::AcceptGate;
use crate::server::listen::not_listening;
use crate::spans::Traces;
use actix_server::Server;
use actix_web::App;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, ServiceConfig};
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server";
/// How long a stopping process still accepts connections, so that load balancers notice before the port closes: `/readyz` is a 503
/// by then, and every response has `Connection: close`.
const ACCEPT_AFTER_STOP: Duration = Duration::from_secs(2);
/// The time-out of requests in flight after that.
const REQUEST_DRAIN_TIMEOUT: Duration = Duration::from_secs(12);
/// The time-out of the whole drain with the background tasks. An orchestrator must not kill the process before 20 s.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(16);

/// A service that has bound its address.
pub struct Application {
    server: Server,
    address: SocketAddr,
    accept_gate: AcceptGate,
    tasks: Tasks,
    stopping_flag: Arc<AtomicBool>,
    accept_after_stop: Duration,
    service: Service,
    traces: Traces,
}

impl Application {
    /// Binds the address and sets up the routes of a service, and `/livez` and `/readyz`. `tasks` holds its background tasks.
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
        let (service, traces) = (context.service, context.traces.clone());
        let stopping_flag = Arc::clone(readiness.stopping_flag());
        let silent = TaskTracker::new();
        let accept_gate = AcceptGate::of(&listener, silent.clone()).map_err(not_listening)?;
        let server = build_server(listener, context, readiness, silent, routes)?;
        let accept_after_stop = Duration::ZERO;
        Ok(Self { server, address, accept_gate, tasks, stopping_flag, accept_after_stop, service, traces })
    }

    /// The address that the service listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port that the service listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Sets how long connections are accepted after the service is told to stop.
    #[must_use]
    pub fn with_accept_after_stop(self, accept_after_stop: Duration) -> Self {
        Self { accept_after_stop, ..self }
    }

    /// Serves until `stop` is cancelled, then drains requests and background tasks.
    pub async fn run_until_stopped(self, stop: CancellationToken) -> Result<(), StartError> {
        tracing::info!(target: LOG_TARGET, service = %self.service, address = %self.address, "listening");
        self.tasks.every(idle_memory::PURGE_INTERVAL, async || idle_memory::purge());
        let handle = self.server.handle();
        tokio::pin!(let server = self.server;);
        let (served, deadline) = tokio::select! {
            served = &mut server => (served, Instant::now() + DRAIN_TIMEOUT),
            () = stop.cancelled() => {
                tracing::info!(target: LOG_TARGET, service = %self.service, "draining");
                let deadline = Instant::now() + DRAIN_TIMEOUT;
                self.stopping_flag.store(true, Ordering::Relaxed);
                let stopped = async {
                    if self.accept_after_stop.is_zero() {
                        drop(self.accept_gate);
                    } else {
                        tokio::time::sleep(self.accept_after_stop).await;
                        self.accept_gate.close().await;
                    }
                    self.tasks.stop();
                    handle.stop(true).await;
                };
                (tokio::join!(server, stopped).0, deadline)
            }
        };
        if tokio::time::timeout_at(deadline, self.tasks.finished()).await.is_err() {
            tracing::warn!(target: LOG_TARGET, service = %self.service, "background work was cut off");
        }
        self.traces.finish().await;
        tracing::info!(target: LOG_TARGET, service = %self.service, "stopped");
        served.map_err(|error| StartError::Io(format!("{} stopped", self.service), error))
    }
}

/// Builds the server of a listener, with a worker for each core. `silent` tracks the connections without a first request.
fn build_server<F>(
    listener: TcpListener,
    context: Context,
    readiness: Readiness,
    silent: TaskTracker,
    routes: F,
) -> Result<Server, StartError>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let workers = usize::try_from(fd_limit::workers()).unwrap_or(1);
    let max_connections_per_worker = (context.max_connections / workers).max(1);
    let service = context.service;
    // The gateway drops the request of a client that closes its side. A service completes what it has begun.
    let cancels_on_half_close = service == Service::Gateway;
    let builder = Server::build();
    let settings = ConnectionSettings {
        connections: Connections::new(max_connections_per_worker * workers, silent, cancels_on_half_close),
        head_timeout: context.times.head,
        idle_timeout: context.times.idle,
        write_timeout: context.bodies.min_rate.grace,
        draining: builder.graceful_shutdown_signal(),
    };
    let (context, readiness) = (Data::new(context), Data::new(readiness));
    let application = move || {
        // Called once on the thread of each worker.
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
    let builder = builder
        .workers(workers)
        .max_concurrent_connections(max_connections_per_worker)
        .shutdown_timeout(REQUEST_DRAIN_TIMEOUT.as_secs())
        .disable_signals();
    Ok(builder.listen(service.name(), listener, application).map_err(not_listening)?.run())
}
