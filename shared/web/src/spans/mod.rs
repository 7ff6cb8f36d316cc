//! Spans of requests for OpenTelemetry, sent over OTLP/HTTP to where `OTEL_EXPORTER_OTLP_ENDPOINT` says. Without it none is
//! recorded, and a request costs nothing more.
//!
//! A request's span is a child of the one that its `traceparent` names, and the parent of those of the services that are
//! asked on its behalf. Names and attributes are those of OpenTelemetry's semantic conventions, but for the path and the
//! query, which hold what a client has typed.

mod export;
mod request;

pub(crate) use request::RequestSpan;

use crate::spans::export::{Destination, provider};
use crate::telemetry::Trace;
use actix_web::dev::ServiceRequest;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use shared::env::{ConfigError, Env};
use shared::service::Service;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::traces";
/// The name of the instrumentation scope, as collectors know it.
const INSTRUMENTATION_SCOPE: &str = "shared";
/// How long the last spans may take to be sent when a service stops.
const FINAL_EXPORT_TIMEOUT: Duration = Duration::from_secs(2);

/// What asks whether a service is well, over and over.
const HEALTH_CHECK_PATHS: [&str; 2] = ["/livez", "/readyz"];

/// Where the spans of a service go. Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Recorder>>);

struct Recorder {
    tracer: SdkTracer,
    provider: SdkTracerProvider,
}

impl Traces {
    /// Records nothing.
    pub fn off() -> Self {
        Self(None)
    }

    /// Sends the spans of a service as OpenTelemetry's variables say: `OTEL_EXPORTER_OTLP_ENDPOINT` or
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, without which nothing is sent, and those that its library reads by itself.
    /// Must be called on the runtime that the spans are then sent from.
    pub fn from_env(env: &Env, service: Service) -> Result<Self, ConfigError> {
        let Some(destination) = Destination::from_env(env)? else {
            return Ok(Self::off());
        };
        let provider = provider(&destination, service)?;
        let tracer = provider.tracer(INSTRUMENTATION_SCOPE);
        Ok(Self(Some(Arc::new(Recorder { tracer, provider }))))
    }

    /// Reads the same and sends nothing: for who looks whether it could be.
    pub fn check_env(env: &Env) -> Result<Self, ConfigError> {
        Destination::from_env(env).map(|_| Self::off())
    }

    /// A request has come. From here on its trace goes on from its span. A health check has none.
    pub(crate) fn begin(&self, request: &ServiceRequest, trace: &mut Trace) -> Option<Box<RequestSpan>> {
        let recorder = self.0.as_ref().filter(|_| !HEALTH_CHECK_PATHS.contains(&request.path()))?;
        Some(Box::new(RequestSpan::begin(&recorder.tracer, request, trace)))
    }

    /// Sends what was not sent yet. Afterwards nothing is recorded any more.
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
