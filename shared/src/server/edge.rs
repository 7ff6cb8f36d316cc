//! What surrounds the routes of a service that faces clients.

use crate::problem::Problem;
use actix_web::dev::ServiceRequest;
use actix_web::web::Data;

/// What a service that faces clients does beside its routes; set up as `Data<dyn Edge>`.
pub trait Edge: Send + Sync {
    /// Refuses a request by its head, before it is routed.
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem>;
}

pub(super) fn receive(request: &ServiceRequest) -> Result<(), Problem> {
    request.app_data::<Data<dyn Edge>>().map_or(Ok(()), |edge| edge.receive(request))
}
