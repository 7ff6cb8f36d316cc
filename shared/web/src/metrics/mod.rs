//! Metrics in the format of `OpenMetrics`, on a port of their own (`METRICS_ADDR`). Without it nothing is counted.
//!
//! Names, labels and bounds of buckets are those of OpenTelemetry's semantic conventions where it has some. Every series has the
//! label `service_name`, because several services may run in one process. No label value is chosen by a client, so the number of
//! series is bounded. The metrics of the process and its build have Prometheus' names, and no `service_name`.

mod build;
mod collector;
mod commits;
mod connections;
mod exposition;
mod limits;
mod pools;
mod process;
mod recorder;
mod requests;

pub use collector::MetricFamilies;
pub(crate) use connections::ConnectionErrors;
pub use limits::LimitHits;
pub(crate) use requests::{InProgress, label_of};

use crate::metrics::limits::Limit;
use crate::metrics::recorder::Recorder;
use crate::metrics::requests::{Begun, Refused};
use actix_web::http::Method;
use shared::commit_counts::CommitCounts;
use shared::env::{ConfigError, Env, Purpose};
use shared::pool_state::PoolState;
use shared::service::Service;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// The metrics of a process, or of a service under test. Cheap to clone.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Recorder>>);

impl Metrics {
    /// Metrics that count nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Exposes the metrics at the address of `METRICS_ADDR`, if that is set: see [`Self::serve_at`]. To check it, nothing is exposed.
    pub fn from_env(env: &Env, purpose: Purpose) -> Result<Self, ConfigError> {
        match (env.get("METRICS_ADDR"), purpose) {
            (None, _) => Ok(Self::off()),
            (Some(address), Purpose::Serve) => Self::serve_at(address),
            (Some(address), Purpose::Check) => exposition::check(address).map(|()| Self::off()),
        }
    }

    /// Exposes the metrics at `/metrics` of an address, as long as the runtime runs on which this is called: also while a service waits
    /// for its database, and until it has stopped.
    pub fn serve_at(address: &str) -> Result<Self, ConfigError> {
        let (listener, address) = exposition::bind(address)?;
        let recorder = Arc::new(Recorder::new(address));
        exposition::serve(listener, &recorder)?;
        Ok(Self(Some(recorder)))
    }

    /// The address of the exposition.
    pub fn address(&self) -> Option<SocketAddr> {
        self.0.as_ref().map(|recorder| recorder.address)
    }

    /// Adds a callback that is called at each scrape.
    pub fn observe(&self, callback: impl Fn(&mut MetricFamilies) + Send + Sync + 'static) {
        if let Some(recorder) = &self.0 {
            recorder.callbacks.add(Box::new(callback));
        }
    }

    /// Adds the gauges of a service's connection pools.
    pub fn observe_pools(
        &self,
        service: Service,
        pools: impl Fn() -> Vec<PoolState> + Send + Sync + 'static,
    ) {
        self.observe(move |families| pools().iter().for_each(|pool| families.pool(service, pool)));
    }

    /// Adds the counters of a service's commits, if its database has them.
    pub fn observe_commits(
        &self,
        service: Service,
        counts: impl Fn() -> Option<CommitCounts> + Send + Sync + 'static,
    ) {
        self.observe(move |families| {
            if let Some(counts) = counts() {
                families.commits(service, counts);
            }
        });
    }

    /// Adds an asynchronous callback, for instance a query of a database. Its samples are left out of a scrape that it would delay for
    /// more than two seconds.
    pub fn observe_async<F, Fut>(&self, callback: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Option<MetricFamilies>> + Send + 'static,
    {
        if let Some(recorder) = &self.0 {
            recorder.async_callbacks.add(Box::new(move || Box::pin(callback())));
        }
    }

    /// A counter of the requests that a limit refuses. Its series exists from now on, at 0.
    pub fn limit_hits_counter(&self, service: Service, name: &'static str) -> LimitHits {
        let limit = Limit::of(service, name);
        LimitHits(self.0.as_ref().map(|all| all.limits.get_or_create(&limit).clone()).unwrap_or_default())
    }

    /// Counts a request of a service as active.
    pub(crate) fn begin(&self, service: Service, method: &Method) -> Option<InProgress> {
        let recorder = self.0.as_ref()?;
        let begun = Begun { service_name: service.name(), http_request_method: label_of(method) };
        let active = recorder.active.get_or_create(&begun).clone();
        Some(InProgress::new(begun, active, recorder.durations.clone()))
    }

    /// The counter of a service's errors on connections.
    pub(crate) fn connection_errors(&self, service: Service) -> Option<ConnectionErrors> {
        let recorder = self.0.as_ref()?;
        Some(ConnectionErrors::new(service, recorder.connection_errors.clone()))
    }

    /// Counts a refused token.
    pub(crate) fn refused(&self, service: Service, why: &'static str) {
        if let Some(recorder) = &self.0 {
            let refused = Refused { service_name: service.name(), reason: why };
            recorder.refused.get_or_create(&refused).inc();
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metrics").field(&self.address()).finish()
    }
}
