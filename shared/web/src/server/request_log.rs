//! A request with its answer, as the log and the metrics tell of it.

use crate::caller::Identity;
use crate::context::Context;
use crate::metrics::InProgress;
use crate::spans::RequestSpan;
use crate::telemetry::Trace;
use actix_web::HttpMessage as _;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tracing::Span;
use tracing::field::display;

/// What is told of a request that is in no URL table of the server's, as an extension of the request; one for all, as each
/// costs an allocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassedOn {
    /// Its route.
    pub route: Option<&'static str>,
    /// Whose token it has.
    pub caller: Option<Identity>,
    /// Who has answered it.
    pub upstream: Option<SocketAddr>,
}

/// A request that is being answered.
pub(super) struct Exchange {
    started: Instant,
    in_progress: Option<InProgress>,
    /// Apart, so that a request without a span is no larger for it.
    recorded: Option<Box<RequestSpan>>,
}

impl Exchange {
    /// It has come. Its trace goes on from its span, if that is recorded.
    pub(super) fn begin(request: &ServiceRequest, trace: &mut Trace) -> Self {
        let started = Instant::now();
        let context = request.app_data::<Data<Context>>();
        let in_progress = context.and_then(|c| c.metrics.begin(c.service, request.method()));
        let recorded = context.and_then(|context| context.traces.begin(request, trace));
        Self { started, in_progress, recorded }
    }

    /// What each line of the log says that it causes. A path is not told, as it holds what a client has typed.
    pub(super) fn span(request: &ServiceRequest, trace: &Trace) -> Span {
        let service = request.app_data::<Data<Context>>().map(|context| context.service.name());
        let (request_id, method) = (trace.request_id.as_str(), request.method().as_str());
        tracing::info_span!("request", service, request_id, trace_id = %trace.context.trace_id(), method)
    }

    /// It is answered, perhaps by refusing its token.
    pub(super) fn end(self, response: &ServiceResponse, refused: Option<&'static str>) {
        let duration = self.started.elapsed();
        let route = route(response);
        log(route.as_deref(), response, duration);
        let context = response.request().app_data::<Data<Context>>();
        if let (Some(context), Some(why)) = (context, refused) {
            context.metrics.refused(context.service, why);
        }
        if let Some(recorded) = self.recorded {
            recorded.end(route.as_deref(), response.status());
        }
        if let Some(in_progress) = self.in_progress {
            in_progress.end(route, response.status(), duration);
        }
    }
}

fn route(response: &ServiceResponse) -> Option<Cow<'static, str>> {
    let told = response.request().extensions().get::<PassedOn>().and_then(|told| told.route);
    told.map(Cow::Borrowed).or_else(|| response.request().match_pattern().map(Cow::Owned))
}

/// The one line of a request.
fn log(route: Option<&str>, response: &ServiceResponse, duration: Duration) {
    let (status, duration_ms) = (response.status().as_u16(), duration.as_secs_f64() * 1e3);
    let extensions = response.request().extensions();
    let told = extensions.get::<PassedOn>();
    let caller = told.and_then(|told| told.caller.as_ref()).or_else(|| extensions.get::<Identity>());
    let user_id = caller.map(|caller| display(caller.user_id));
    let upstream = told.and_then(|told| told.upstream).map(display);
    if matches!(route, Some("/livez" | "/readyz")) {
        tracing::debug!(route, status, duration_ms, user_id, upstream, "request finished");
    } else {
        tracing::info!(route, status, duration_ms, user_id, upstream, "request finished");
    }
}
