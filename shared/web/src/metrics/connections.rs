//! Metrics of connections.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use shared::service::Service;

/// The labels of an error on a connection.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ConnectionError {
    service_name: &'static str,
    error_type: &'static str,
}

/// The counter of errors on the connections of a service, by kind.
pub(crate) struct ConnectionErrors {
    service: Service,
    counts: Family<ConnectionError, Counter>,
}

impl ConnectionErrors {
    pub(super) fn new(service: Service, counts: Family<ConnectionError, Counter>) -> Self {
        Self { service, counts }
    }

    /// Counts an error. The kinds must be few, as each is a series.
    pub(crate) fn count(&self, error_type: &'static str) {
        let error = ConnectionError { service_name: self.service.name(), error_type };
        self.counts.get_or_create(&error).inc();
    }
}
