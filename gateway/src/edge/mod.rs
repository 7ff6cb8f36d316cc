//! What the gateway does with every request before it is routed, and with every answer at last, whatever the path.

mod cors;
mod forwarded;
mod gzip;
mod head;
mod origins;
mod security;
mod server_url;

pub(crate) use cors::{Cors, preflight};
pub use forwarded::TrustedProxies;
pub(crate) use forwarded::{limited_address, write_forwarding};
pub(crate) use gzip::takes_gzip;
use head::host;
pub use origins::AllowedOrigins;
pub(crate) use server_url::{path_prefix, server_url};

use crate::{limits, proxy};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use shared::problem::Problem;
use shared::server::{self, Answering, Trace};
use std::rc::Rc;

/// Stands between clients and all routes.
pub(crate) struct Edge;

impl server::Edge for Edge {
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem> {
        Ok(head::check(request.request())?)
    }

    fn refuse(&self, request: &ServiceRequest, refusal: Problem) -> Problem {
        let counted = proxy::count_unrouted(request.request());
        proxy::for_client(counted.err().map_or(refusal, Problem::from), request.request())
    }

    fn pass_on(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<Answering, ServiceRequest> {
        proxy::pass_on(request, trace)
    }

    fn finish(&self, mut answer: ServiceResponse) -> ServiceResponse {
        limits::finish(&mut answer);
        cors::finish(&mut answer);
        security::finish(&mut answer);
        gzip::compress(answer)
    }
}
