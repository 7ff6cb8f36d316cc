//! What the line in the log and the metrics say of a request beside what the server knows.

use super::client::Answer;
use super::table::Route;
use actix_web::{HttpMessage as _, HttpRequest};
use shared::server::{RouteTemplate, UpstreamAddress};

/// It takes this route: the line of the table, as the services alone know what is below it.
pub(super) fn routed(request: &HttpRequest, route: &Route) {
    request.extensions_mut().insert(RouteTemplate(route.prefix));
}

/// It was answered by this replica.
pub(super) fn answered(request: &HttpRequest, answer: &Answer) {
    request.extensions_mut().insert(UpstreamAddress(answer.lease.flight.address));
}
