//! What the log, the metrics and the services are told of a request beside what the server knows.

use super::message::UpstreamResponse;
use crate::http1::field::write_line;
use crate::log_target;
use crate::routing::table::Route;
use shared::server::{PassedOn, Trace};
use std::time::Instant;
use tracing::Level;

/// Now, if the line of [`answered`] is written, which is seldom.
pub(crate) fn start() -> Option<Instant> {
    tracing::enabled!(target: log_target::PROXY, Level::DEBUG).then(Instant::now)
}

/// A replica has answered a request that came at this moment.
pub(crate) fn answered(
    told: &mut PassedOn,
    answer: &UpstreamResponse,
    route: &Route,
    started: Option<Instant>,
) {
    let replica = answer.lease.flight.address;
    told.upstream = Some(replica);
    let head_ms = started.map(|started| started.elapsed().as_secs_f64() * 1e3);
    let status = answer.head.status().as_u16();
    tracing::debug!(target: log_target::PROXY, upstream = route.upstream.name(), %replica, status, head_ms, "answered");
}

/// It is sent on as part of its trace. What a client says of that is replaced, as it may not be valid.
pub(super) fn continue_trace(out: &mut Vec<u8>, trace: &Trace) {
    write_line(out, "traceparent", trace.context.traceparent().as_bytes());
    if let Some(state) = trace.context.tracestate() {
        write_line(out, "tracestate", state.as_bytes());
    }
}
