//! Hooks of a server that faces clients, in the order of a request: the filters around its routes, and the proxy.

use crate::problem::Problem;
use crate::telemetry::Trace;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;

/// The response of a proxied request.
pub type ResponseFuture = LocalBoxFuture<'static, ServiceResponse>;

/// The hooks of a server that faces clients; each worker has its own.
pub trait ServerHooks {
    /// Filters a request by its head, before it is routed: an error is the response.
    fn filter_request(&self, request: &ServiceRequest) -> Result<(), Problem>;

    /// Filters the refusal of a request whose head or path is not accepted, for instance to limit how many are answered so.
    fn filter_refusal(&self, request: &ServiceRequest, refusal: Problem) -> Problem;

    /// Proxies a request that is for none of this server's own routes, and returns one that is. It costs less than a route.
    fn proxy(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<ResponseFuture, ServiceRequest>;

    /// Filters a response, also that of an error.
    fn filter_response(&self, response: ServiceResponse) -> ServiceResponse;
}

/// The hooks of a server that has none.
pub fn no_hooks() -> Rc<dyn ServerHooks> {
    Rc::new(NoHooks)
}

struct NoHooks;

impl ServerHooks for NoHooks {
    fn filter_request(&self, _: &ServiceRequest) -> Result<(), Problem> {
        Ok(())
    }

    fn filter_refusal(&self, _: &ServiceRequest, refusal: Problem) -> Problem {
        refusal
    }

    fn proxy(&self, request: ServiceRequest, _: &Rc<Trace>) -> Result<ResponseFuture, ServiceRequest> {
        Err(request)
    }

    fn filter_response(&self, response: ServiceResponse) -> ServiceResponse {
        response
    }
}
