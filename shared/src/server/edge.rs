//! What surrounds the routes of a service that faces clients.

use crate::problem::Problem;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;

/// What a service that faces clients does beside its routes; set up as `Data<dyn Edge>`.
pub trait Edge: Send + Sync {
    /// Refuses a request by its head, before it is routed.
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem>;

    /// Finishes an answer, also one that is an error.
    fn finish(&self, answer: ServiceResponse) -> ServiceResponse;
}

pub(super) fn receive(request: &ServiceRequest) -> Result<(), Problem> {
    request.app_data::<Data<dyn Edge>>().map_or(Ok(()), |edge| edge.receive(request))
}

pub(super) fn finish(answer: ServiceResponse) -> ServiceResponse {
    match answer.request().app_data::<Data<dyn Edge>>().cloned() {
        Some(edge) => edge.finish(answer),
        None => answer,
    }
}
