//! What the gateway does with every request before it is routed, whatever the path.

mod forwarded;
mod head;

pub use forwarded::TrustedProxies;
pub(crate) use forwarded::forwarding_headers;
use head::host;

use actix_web::dev::ServiceRequest;
use shared::problem::Problem;
use shared::server;

/// Stands between clients and all routes.
pub(crate) struct Edge;

impl server::Edge for Edge {
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem> {
        Ok(head::check(request.request())?)
    }
}
