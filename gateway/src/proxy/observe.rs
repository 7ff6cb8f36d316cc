//! What the log, the metrics and the services are told of a request beside what the server knows.

use super::client::Answer;
use super::table::Route;
use crate::http1::write_line;
use actix_web::{HttpMessage as _, HttpRequest};
use shared::server::{RouteTemplate, Trace, UpstreamAddress};

/// It takes this route: the line of the table, as the services alone know what is below it.
pub(super) fn routed(request: &HttpRequest, route: &Route) {
    request.extensions_mut().insert(RouteTemplate(route.prefix));
}

/// It was answered by this replica.
pub(super) fn answered(request: &HttpRequest, answer: &Answer) {
    request.extensions_mut().insert(UpstreamAddress(answer.lease.flight.address));
}

/// It is sent on as part of its trace. What a client says of that is replaced, as it may not be valid.
pub(super) fn continue_trace(out: &mut Vec<u8>, trace: &Trace) {
    write_line(out, "traceparent", trace.context.traceparent().as_bytes());
    if let Some(state) = trace.context.tracestate() {
        write_line(out, "tracestate", state.as_bytes());
    }
}
