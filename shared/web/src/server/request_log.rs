//! The log line, the metrics and the span of a request.

use crate::caller::Identity;
use crate::context::Context;
use crate::metrics::InProgress;
use crate::spans::RequestSpan;
use crate::telemetry::Trace;
use actix_web::HttpMessage as _;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use shared::log_fields::millis;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tracing::Span;
use tracing::field::display;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::exchange";

/// What the log says of a proxied request, which no URL table of the server has. It is one extension of the request, as each costs
/// an allocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProxyLogFields {
    /// The route.
    pub route: Option<&'static str>,
    /// The user of its token.
    pub user: Option<Identity>,
    /// The address of the upstream that has responded.
    pub upstream: Option<SocketAddr>,
}

/// The record of a request in flight.
pub(super) struct RequestLog {
    started: Instant,
    in_progress: Option<InProgress>,
    /// Boxed, so that a request without a span is no larger.
    recorded: Option<Box<RequestSpan>>,
}

impl RequestLog {
    /// Begins the record. The request's span, if it is recorded, becomes the parent in `trace`.
    pub(super) fn begin(request: &ServiceRequest, trace: &mut Trace) -> Self {
        let started = Instant::now();
        let context = request.app_data::<Data<Context>>();
        let in_progress = context.and_then(|c| c.metrics.begin(c.service, request.method()));
        let recorded = context.and_then(|context| context.traces.begin(request, trace));
        Self { started, in_progress, recorded }
    }

    /// The span of the log lines of this request. It has no path, because clients choose it.
    pub(super) fn span(request: &ServiceRequest, trace: &Trace) -> Span {
        let service = request.app_data::<Data<Context>>().map(|context| context.service.name());
        let (request_id, method) = (trace.request_id.as_str(), request.method().as_str());
        tracing::info_span!(target: LOG_TARGET, "request", service, request_id, trace_id = %trace.context.trace_id(), method)
    }

    /// Ends the record. `refused` is why the token was refused, if it was.
    pub(super) fn end(self, response: &ServiceResponse, refused: Option<&'static str>) {
        let duration = self.started.elapsed();
        let route = route(response);
        log(route.as_deref(), response, duration);
        let context = response.request().app_data::<Data<Context>>();
        if let (Some(context), Some(why)) = (context, refused) {
            context.metrics.refused(context.service, why);
        }
        if let Some(recorded) = self.recorded {
            recorded.end(route.as_deref(), response.status());
        }
        if let Some(in_progress) = self.in_progress {
            in_progress.end(route, response.status(), duration);
        }
    }
}

fn route(response: &ServiceResponse) -> Option<Cow<'static, str>> {
    let proxied = response.request().extensions().get::<ProxyLogFields>().and_then(|proxied| proxied.route);
    proxied.map(Cow::Borrowed).or_else(|| response.request().match_pattern().map(Cow::Owned))
}

/// Writes the one log line of a request.
fn log(route: Option<&str>, response: &ServiceResponse, duration: Duration) {
    let (status, duration_ms) = (response.status().as_u16(), millis(duration));
    let extensions = response.request().extensions();
    let proxied = extensions.get::<ProxyLogFields>();
    let user = proxied.and_then(|proxied| proxied.user.as_ref()).or_else(|| extensions.get::<Identity>());
    let user_id = user.map(|user| display(user.user_id));
    let upstream = proxied.and_then(|proxied| proxied.upstream).map(display);
    if matches!(route, Some("/livez" | "/readyz")) {
        tracing::debug!(target: LOG_TARGET, route, status, duration_ms, user_id, upstream, "request finished");
    } else {
        tracing::info!(target: LOG_TARGET, route, status, duration_ms, user_id, upstream, "request finished");
    }
}
