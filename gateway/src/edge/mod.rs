//! What the gateway does with every request before it is routed, whatever the path.

mod head;

pub(crate) use head::host;

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
