//! A request with its answer, as the log and the metrics tell of it.

use super::Context;
use crate::identity::{Identity, TokenError};
use crate::metrics::InProgress;
use actix_web::HttpMessage as _;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Instant;

/// The route of a request that is in no URL table of the server's, as an extension of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteTemplate(pub &'static str);

/// Who has answered a request that was passed on, as an extension of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpstreamAddress(pub SocketAddr);

/// A request that is being answered.
pub(super) struct Exchange {
    started: Instant,
    context: Option<Data<Context>>,
    in_progress: Option<InProgress>,
}

impl Exchange {
    /// It has come.
    pub(super) fn begin(request: &ServiceRequest) -> Self {
        let started = Instant::now();
        let context = request.app_data::<Data<Context>>().cloned();
        let in_progress = context.as_ref().and_then(|c| c.metrics.begin(c.service, request.method()));
        Self { started, context, in_progress }
    }

    /// It is answered, perhaps by refusing its token.
    pub(super) fn end(self, response: &ServiceResponse, refused: Option<TokenError>) {
        let duration = self.started.elapsed();
        let route = route(response);
        log(route.as_deref(), response, duration.as_secs_f64() * 1e3);
        if let (Some(context), Some(why)) = (&self.context, refused) {
            context.metrics.refused(context.service, why);
        }
        if let Some(in_progress) = self.in_progress {
            in_progress.end(route, response.status(), duration);
        }
    }
}

fn route(response: &ServiceResponse) -> Option<Cow<'static, str>> {
    let told = response.request().extensions().get::<RouteTemplate>().map(|route| Cow::Borrowed(route.0));
    told.or_else(|| response.request().match_pattern().map(Cow::Owned))
}

fn log(route: Option<&str>, response: &ServiceResponse, duration_ms: f64) {
    let status = response.status().as_u16();
    let user_id = response.request().extensions().get::<Identity>().map(|identity| identity.user_id);
    let user_id = user_id.map(tracing::field::display);
    if matches!(route, Some("/livez" | "/readyz")) {
        tracing::debug!(status, duration_ms, user_id, "request finished");
    } else {
        tracing::info!(status, duration_ms, user_id, "request finished");
    }
}
