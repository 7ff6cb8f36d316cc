//! The context of a request, which the phases of [`crate::pipeline`] fill.

use crate::error::Error;
use crate::routing::class::RequestClass;
use crate::routing::table::{Route, find};
use actix_web::HttpRequest;
use actix_web::http::uri::PathAndQuery;
use shared_web::caller::Identity;
use shared_web::telemetry::Trace;

/// A request that has a route.
pub(crate) struct RequestContext<'r> {
    pub(crate) request: &'r HttpRequest,
    pub(crate) trace: &'r Trace,
    /// Path and query, byte for byte. The server has refused a path that is not in its normal form, and cut off a slash at
    /// its end.
    pub(crate) target: &'r PathAndQuery,
    pub(crate) route: &'static Route,
    pub(crate) class: RequestClass,
    /// The user whose token it has; `None` until authentication, and on public routes.
    pub(crate) user: Option<Identity>,
}

impl<'r> RequestContext<'r> {
    /// Finds the route of a request.
    pub(crate) fn route(request: &'r HttpRequest, trace: &'r Trace) -> Result<Self, Error> {
        let target = request.uri().path_and_query().ok_or(Error::NoRoute)?;
        let route = find(target.path()).ok_or(Error::NoRoute)?;
        let class = route.class(request.method(), target.path());
        Ok(Self { request, trace, target, route, class, user: None })
    }
}
