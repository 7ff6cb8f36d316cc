//! Spans of requests for OpenTelemetry, exported by OTLP/HTTP to `OTEL_EXPORTER_OTLP_ENDPOINT`. Without it none is recorded, at no
//! cost.
//!
//! A request's span is a child of the span of its `traceparent`, and the parent of the spans of the services that it calls. Names
//! and attributes follow OpenTelemetry's semantic conventions, without path and query, which clients choose.

mod export;
mod request;

pub(crate) use request::RequestSpan;

use crate::spans::export::{Destination, provider};
use crate::telemetry::Trace;
use actix_web::dev::ServiceRequest;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use shared::env::{ConfigError, Env, Purpose};
use shared::service::Service;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::traces";
/// The name of the instrumentation scope, as collectors know it.
const INSTRUMENTATION_SCOPE: &str = "shared";
/// The time-out of the last export when a service stops.
const FINAL_EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// The paths of health checks, which have no spans.
const HEALTH_CHECK_PATHS: [&str; 2] = ["/livez", "/readyz"];

/// The recorder of a service's spans. Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Recorder>>);

struct Recorder {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
}

impl Traces {
    /// A recorder that records nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Exports the spans of a service by OpenTelemetry's variables: `OTEL_EXPORTER_OTLP_ENDPOINT` or
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, without which nothing is exported, and those that its library reads by itself. It must be
    /// called on the runtime that exports the spans. To check the variables, nothing is exported.
    pub fn from_env(env: &Env, service: Service, purpose: Purpose) -> Result<Self, ConfigError> {
        let destination = Destination::from_env(env)?.filter(|_| purpose == Purpose::Serve);
        let Some(destination) = destination else {
            return Ok(Self::off());
        };
        let provider = provider(&destination, service)?;
        let tracer = provider.tracer(INSTRUMENTATION_SCOPE);
        Ok(Self(Some(Arc::new(Recorder { tracer, provider }))))
    }

    /// Begins the span of a request, and makes it the parent in `trace`. A health check has no span.
    pub(crate) fn begin(&self, request: &ServiceRequest, trace: &mut Trace) -> Option<Box<RequestSpan>> {
        let recorder = self.0.as_ref().filter(|_| !HEALTH_CHECK_PATHS.contains(&request.path()))?;
        Some(Box::new(RequestSpan::begin(&recorder.tracer, request, trace)))
    }

    /// Exports the remaining spans. Nothing is recorded afterwards.
    pub(crate) async fn finish(&self) {
        let Some(recorder) = self.0.clone() else {
            return;
        };
        let finished = tokio::task::spawn_blocking(move || {
            recorder.provider.shutdown_with_timeout(FINAL_EXPORT_TIMEOUT)
        });
        match finished.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(target: LOG_TARGET, %error, "the last spans were not sent"),
            Err(error) => tracing::warn!(target: LOG_TARGET, %error, "the last spans were not sent"),
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Traces").field(&self.0.is_some()).finish()
    }
}
