//! Hooks of a server that faces clients, in the order of a request: the filters around its routes, and the proxy.

use crate::problem::Problem;
use crate::telemetry::Trace;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;

/// The response of a proxied request.
pub type ResponseFuture = LocalBoxFuture<'static, ServiceResponse>;

/// The hooks of a server that faces clients; set up as `Data<dyn ServerHooks>`.
pub trait ServerHooks: Send + Sync {
    /// Filters a request by its head, before it is routed: an error is the response.
    fn filter_request(&self, request: &ServiceRequest) -> Result<(), Problem>;

    /// Filters the refusal of a request whose head or path is not accepted, for instance to limit how many are answered so.
    fn filter_refusal(&self, request: &ServiceRequest, refusal: Problem) -> Problem;

    /// Proxies a request that is for none of this server's own routes, and returns one that is. It costs less than a route.
    fn proxy(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<ResponseFuture, ServiceRequest>;

    /// Filters a response, also that of an error.
    fn filter_response(&self, answer: ServiceResponse) -> ServiceResponse;
}

pub(super) fn filter_request(request: &ServiceRequest) -> Result<(), Problem> {
    request.app_data::<Data<dyn ServerHooks>>().map_or(Ok(()), |hooks| hooks.filter_request(request))
}

pub(super) fn filter_refusal(request: &ServiceRequest, refusal: Problem) -> Problem {
    match request.app_data::<Data<dyn ServerHooks>>() {
        Some(hooks) => hooks.filter_refusal(request, refusal),
        None => refusal,
    }
}

pub(super) fn proxy(request: ServiceRequest, trace: &Rc<Trace>) -> Result<ResponseFuture, ServiceRequest> {
    let head = request.request().clone();
    match head.app_data::<Data<dyn ServerHooks>>() {
        Some(hooks) => hooks.proxy(request, trace),
        None => Err(request),
    }
}

pub(super) fn filter_response(answer: ServiceResponse) -> ServiceResponse {
    let request = answer.request().clone();
    match request.app_data::<Data<dyn ServerHooks>>() {
        Some(hooks) => hooks.filter_response(answer),
        None => answer,
    }
}
