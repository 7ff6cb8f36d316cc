//! Metrics of limits.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use shared::service::Service;

/// The labels of a limit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Limit {
    service_name: &'static str,
    limit: &'static str,
}

impl Limit {
    pub(super) fn of(service: Service, limit: &'static str) -> Self {
        Self { service_name: service.name(), limit }
    }
}

/// The counter of the requests that a limit refuses. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct LimitHits(pub(super) Counter);

impl LimitHits {
    /// Counts a refused request.
    pub fn hit(&self) {
        self.0.inc();
    }
}
