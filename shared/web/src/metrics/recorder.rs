//! The registry of a process's metrics.

use super::build;
use super::connections::ConnectionError;
use super::limits::Limit;
use super::process::ProcessCollector;
use super::requests::{Answered, Begun, Refused, duration_histogram};
use crate::metrics::collector::{AsyncCallbacks, Callbacks};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::net::SocketAddr;

/// The metrics of a process, and the address of their exposition.
pub(super) struct Recorder {
    pub(super) address: SocketAddr,
    pub(super) registry: Registry,
    pub(super) durations: Family<Answered, Histogram, fn() -> Histogram>,
    pub(super) active: Family<Begun, Gauge>,
    pub(super) refused: Family<Refused, Counter>,
    pub(super) limits: Family<Limit, Counter>,
    pub(super) connection_errors: Family<ConnectionError, Counter>,
    pub(super) callbacks: Callbacks,
    pub(super) async_callbacks: AsyncCallbacks,
}

impl Recorder {
    pub(super) fn new(address: SocketAddr) -> Self {
        let mut registry = Registry::default();
        let constructor: fn() -> Histogram = duration_histogram;
        let durations = Family::new_with_constructor(constructor);
        let (active, refused, limits) = (Family::default(), Family::default(), Family::default());
        let (callbacks, async_callbacks) = (Callbacks::default(), AsyncCallbacks::default());
        let help = "Time from a request's head to the head of its answer";
        let name = "http_server_request_duration";
        registry.register_with_unit(name, help, Unit::Seconds, durations.clone());
        let help = "Requests that have come and are not answered yet";
        registry.register("http_server_active_requests", help, active.clone());
        let help = "Requests that were refused for their token, or for having none";
        registry.register("tokens_refused", help, refused.clone());
        let help = "Requests that were refused because of a limit";
        registry.register("limits_hit", help, limits.clone());
        let connection_errors = Family::default();
        let help = "Connections on which something came that is no request, or that broke";
        registry.register("http_server_connection_errors", help, connection_errors.clone());
        registry.register("build", "Which build of Banyan this is", Info::new(build::labels()));
        registry.register_collector(Box::new(ProcessCollector));
        registry.register_collector(Box::new(callbacks.clone()));
        registry.register_collector(Box::new(async_callbacks.clone()));
        Self {
            address,
            registry,
            durations,
            active,
            refused,
            limits,
            connection_errors,
            callbacks,
            async_callbacks,
        }
    }
}
