//! What surrounds the routes of a service that faces clients.

use crate::problem::Problem;
use crate::telemetry::Trace;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;

/// An answer that is still to come.
pub type Answering = LocalBoxFuture<'static, ServiceResponse>;

/// What a service that faces clients does beside its routes; set up as `Data<dyn Edge>`.
pub trait Edge: Send + Sync {
    /// Refuses a request by its head, before it is routed.
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem>;

    /// Says what a request is answered whose head or path was refused: that, or that too many such have come.
    fn refuse(&self, request: &ServiceRequest, refusal: Problem) -> Problem;

    /// Answers a request that is for none of this service's own routes, and gives back one that is. It costs less than a
    /// route.
    fn pass_on(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<Answering, ServiceRequest>;

    /// Finishes an answer, also one that is an error.
    fn finish(&self, answer: ServiceResponse) -> ServiceResponse;
}

pub(super) fn receive(request: &ServiceRequest) -> Result<(), Problem> {
    request.app_data::<Data<dyn Edge>>().map_or(Ok(()), |edge| edge.receive(request))
}

pub(super) fn refuse(request: &ServiceRequest, refusal: Problem) -> Problem {
    match request.app_data::<Data<dyn Edge>>() {
        Some(edge) => edge.refuse(request, refusal),
        None => refusal,
    }
}

pub(super) fn pass_on(request: ServiceRequest, trace: &Rc<Trace>) -> Result<Answering, ServiceRequest> {
    let head = request.request().clone();
    match head.app_data::<Data<dyn Edge>>() {
        Some(edge) => edge.pass_on(request, trace),
        None => Err(request),
    }
}

pub(super) fn finish(answer: ServiceResponse) -> ServiceResponse {
    let request = answer.request().clone();
    match request.app_data::<Data<dyn Edge>>() {
        Some(edge) => edge.finish(answer),
        None => answer,
    }
}
