//! A service that has bound its address: it serves, and drains when it is stopped.

use super::connection::{ConnectionSettings, Connections};
use super::drain::AcceptGate;
use super::health::Readiness;
use super::hooks::ServerHooks;
use super::listen::{Listen, not_listening};
use super::{connection, connection_errors, endpoint, fd_limit, health, idle_memory, middleware};
use crate::context::Context;
use crate::spans::Traces;
use actix_server::Server;
use actix_web::App;
use actix_web::body::BoxBody;
use actix_web::dev::ServiceRequest;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, ServiceConfig};
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
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
pub(crate) const ACCEPT_AFTER_STOP: Duration = Duration::from_secs(2);
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

/// What an application is bound from, beside its hooks and routes.
pub struct ApplicationParts {
    /// The address or the socket to listen on.
    pub listen: Listen,
    /// The context of its requests.
    pub context: Context,
    /// Its background tasks.
    pub tasks: Tasks,
    /// Its readiness.
    pub readiness: Readiness,
    /// Whether the request of a client that closes its side of the connection is dropped; otherwise it is completed.
    pub cancels_on_half_close: bool,
}

impl Application {
    /// Binds the address and sets up the routes of a service, and `/livez` and `/readyz`. `hooks` and `routes` are called once on the
    /// thread of each worker.
    pub fn bind<H, R>(parts: ApplicationParts, hooks: H, routes: R) -> Result<Self, StartError>
    where
        H: Fn() -> Rc<dyn ServerHooks> + Clone + Send + 'static,
        R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
    {
        let listener = parts.listen.listener()?;
        let address = listener.local_addr().map_err(not_listening)?;
        let (service, traces) = (parts.context.service, parts.context.traces.clone());
        let (tasks, stopping_flag) = (parts.tasks.clone(), Arc::clone(parts.readiness.stopping_flag()));
        let silent = TaskTracker::new();
        let accept_gate = AcceptGate::of(&listener, silent.clone()).map_err(not_listening)?;
        let server = build_server(listener, parts, silent, hooks, routes)?;
        let accept_after_stop = Duration::ZERO;
        Ok(Self { server, address, accept_gate, tasks, stopping_flag, accept_after_stop, service, traces })
    }

    /// Logs the address, for who deploys the service.
    pub fn log_listening(&self) {
        tracing::info!(target: LOG_TARGET, service = %self.service, address = %self.address, "listening");
    }

    /// The service.
    pub fn service(&self) -> Service {
        self.service
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
        self.tasks.every(idle_memory::PURGE_INTERVAL, async || idle_memory::purge());
        let handle = self.server.handle();
        tokio::pin!(let server = self.server;);
        let (served, deadline) = tokio::select! {
            served = &mut server => (served, Instant::now() + DRAIN_TIMEOUT),
            () = stop.cancelled() => {
                tracing::info!(target: LOG_TARGET, service = %self.service, "draining");
                let deadline = Instant::now() + DRAIN_TIMEOUT;
                self.stopping_flag.store(true, Ordering::Relaxed);
                self.tasks.drain();
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
fn build_server<H, R>(
    listener: TcpListener,
    parts: ApplicationParts,
    silent: TaskTracker,
    hooks: H,
    routes: R,
) -> Result<Server, StartError>
where
    H: Fn() -> Rc<dyn ServerHooks> + Clone + Send + 'static,
    R: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let ApplicationParts { context, readiness, cancels_on_half_close, .. } = parts;
    let workers = usize::try_from(fd_limit::workers()).unwrap_or(1);
    let max_connections_per_worker = (context.max_connections / workers).max(1);
    let name = context.service.name();
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
        let hooks = hooks();
        let scope = move |request: ServiceRequest, next: Next<BoxBody>| {
            middleware::request_scope(Rc::clone(&hooks), request, next)
        };
        let app = App::new()
            .app_data(context.clone())
            .app_data(readiness.clone())
            .configure(routes.clone())
            .configure(health::routes)
            .default_service(actix_web::web::to(endpoint::not_found))
            .wrap(from_fn(scope));
        connection::serve(app, settings.clone())
    };
    let builder = builder
        .workers(workers)
        .max_concurrent_connections(max_connections_per_worker)
        .shutdown_timeout(REQUEST_DRAIN_TIMEOUT.as_secs())
        .disable_signals();
    Ok(builder.listen(name, listener, application).map_err(not_listening)?.run())
}
