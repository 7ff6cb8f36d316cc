//! What logs, metrics and services are told of a proxied request, beside what the server knows.

use super::message::UpstreamResponse;
use super::request_head::RequestHeaders;
use crate::log_target;
use crate::request_context::RequestContext;
use hyper::header::HeaderName;
use shared::log_fields::millis;
use shared_web::server::ProxyLogFields;
use shared_web::telemetry::Trace;
use std::time::Instant;
use tracing::Level;

/// The time now; `None` unless [`record_response`] logs its line, which is seldom.
pub(crate) fn start() -> Option<Instant> {
    tracing::enabled!(target: log_target::PROXY, Level::DEBUG).then(Instant::now)
}

/// Records which replica has answered a request.
pub(crate) fn record_response(
    record: &mut ProxyLogFields,
    response: &UpstreamResponse,
    context: &RequestContext<'_>,
) {
    let replica = response.connection.replica.address;
    record.upstream = Some(replica);
    let head_ms = context.started.map(|started| millis(started.elapsed()));
    let status = response.incoming.response.status().as_u16();
    tracing::debug!(target: log_target::PROXY, upstream = context.route.upstream.name(), %replica, status, head_ms, "answered");
}

static TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
static TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Sets the headers of Trace Context, in the place of the client's, which may not be valid.
pub(super) fn set_trace_headers(headers: &mut RequestHeaders, trace: &Trace) {
    headers.append(TRACEPARENT.clone(), trace.context.traceparent().as_bytes());
    if let Some(state) = trace.context.tracestate() {
        headers.append(TRACESTATE.clone(), state.as_bytes());
    }
}
