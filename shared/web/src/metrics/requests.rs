//! Metrics of requests.

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use std::borrow::Cow;
use std::time::Duration;

/// The bounds of buckets in seconds, by OpenTelemetry's semantic conventions.
const BOUNDS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The labels of a request in flight.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Begun {
    pub(super) service_name: &'static str,
    pub(super) http_request_method: &'static str,
}

/// The labels of a request with its response.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Answered {
    service_name: &'static str,
    http_request_method: &'static str,
    /// Empty if no route matches, which Prometheus takes for absent.
    http_route: Option<Cow<'static, str>>,
    http_response_status_code: u16,
}

/// The labels of a refused token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refused {
    pub(super) service_name: &'static str,
    pub(super) reason: &'static str,
}

pub(super) fn duration_histogram() -> Histogram {
    Histogram::new(BOUNDS)
}

/// The label of a method, by OpenTelemetry's conventions: `_OTHER` for methods that a client invents.
pub(crate) fn label_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];
    KNOWN.into_iter().find(|&known| known == method.as_str()).unwrap_or("_OTHER")
}

/// A request in flight. It counts as active until this is dropped.
pub(crate) struct InProgress {
    begun: Begun,
    active: Gauge,
    durations: Family<Answered, Histogram, fn() -> Histogram>,
}

impl InProgress {
    pub(super) fn new(
        begun: Begun,
        active: Gauge,
        durations: Family<Answered, Histogram, fn() -> Histogram>,
    ) -> Self {
        active.inc();
        Self { begun, active, durations }
    }

    /// Records the response.
    pub(crate) fn end(self, route: Option<Cow<'static, str>>, status: StatusCode, duration: Duration) {
        let answered = Answered {
            service_name: self.begun.service_name,
            http_request_method: self.begun.http_request_method,
            http_route: route,
            http_response_status_code: status.as_u16(),
        };
        self.durations.get_or_create(&answered).observe(duration.as_secs_f64());
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.active.dec();
    }
}
