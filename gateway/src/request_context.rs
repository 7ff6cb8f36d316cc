//! The context of a request, which the phases of [`crate::pipeline`] fill.

use crate::error::Error;
use crate::routing::class::RequestClass;
use crate::routing::table::{Route, find};
use actix_web::HttpRequest;
use actix_web::http::uri::PathAndQuery;
use shared_web::caller::Identity;
use shared_web::telemetry::Trace;
use std::time::Instant;

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
    /// The `Authorization` that is sent to the service in the place of the client's; `None` to pass that on.
    pub(crate) authorization: Option<String>,
    /// When it came, if that is logged.
    pub(crate) started: Option<Instant>,
}

impl<'r> RequestContext<'r> {
    /// Finds the route of a request.
    pub(crate) fn route(request: &'r HttpRequest, trace: &'r Trace) -> Result<Self, Error> {
        let target = request.uri().path_and_query().ok_or(Error::NoRoute)?;
        Self::with_target(request, trace, target)
    }

    /// The same for a request that is passed on to another path than the client's.
    pub(crate) fn with_target(
        request: &'r HttpRequest,
        trace: &'r Trace,
        target: &'r PathAndQuery,
    ) -> Result<Self, Error> {
        let route = find(target.path()).ok_or(Error::NoRoute)?;
        let class = route.class(request.method(), target.path());
        Ok(Self { request, trace, target, route, class, user: None, authorization: None, started: None })
    }
}
