//! What the log, the metrics and the services are told of a request beside what the server knows.

use super::client::Answer;
use super::table::Route;
use crate::http1::write_line;
use shared::server::{PassedOn, Trace};

/// It takes this route: the line of the table, as the services alone know what is below it.
pub(super) fn routed(told: &mut PassedOn, route: &Route) {
    told.route = Some(route.prefix);
}

/// It was answered by this replica.
pub(super) fn answered(told: &mut PassedOn, answer: &Answer) {
    told.upstream = Some(answer.lease.flight.address);
}

/// It is sent on as part of its trace. What a client says of that is replaced, as it may not be valid.
pub(super) fn continue_trace(out: &mut Vec<u8>, trace: &Trace) {
    write_line(out, "traceparent", trace.context.traceparent().as_bytes());
    if let Some(state) = trace.context.tracestate() {
        write_line(out, "tracestate", state.as_bytes());
    }
}
