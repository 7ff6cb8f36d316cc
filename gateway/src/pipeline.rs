//! A request's way through the gateway: receive, route, authenticate, admit, forward, respond.

use crate::downstream::cors::Cors;
use crate::downstream::{compression, request_checks, security_headers};
use crate::error::Error;
use crate::proxy::body_bounds::BodyBounds;
use crate::proxy::body_refusal::{refuse_body, refuse_encoding};
use crate::proxy::body_sender::BodySender;
use crate::proxy::forward::Proxy;
use crate::proxy::headers::body_length;
use crate::proxy::request_body::RequestBody;
use crate::proxy::response_body::respond;
use crate::proxy::telemetry;
use crate::proxy::token_cache::TokenCache;
use crate::rate_limit;
use crate::rate_limit::admission::RateLimits;
use crate::rate_limit::byte_meter::ByteMeter;
use crate::request_context::RequestContext;
use crate::routing::table::{Access, is_of_api, is_token_endpoint};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use shared::identity::{Identity, TokenKeys};
use shared::problem::Problem;
use shared::server::{self, Answering, BodyLimits, MinRate, PassedOn, Trace};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The most bytes of a head that the parser of a service reads.
const MAX_HEAD_BYTES: usize = 0x1_ffff;

/// All that a request passes, as one worker has it.
pub(crate) struct Pipeline {
    pub(crate) keys: TokenKeys,
    pub(crate) bodies: BodyLimits,
    pub(crate) cors: Arc<Cors>,
    pub(crate) limits: Arc<RateLimits>,
    pub(crate) tokens: TokenCache,
    pub(crate) proxy: Proxy,
}

/// Leads the server's hooks to the pipeline of the worker that a request is on.
pub(crate) struct Hooks;

impl server::Edge for Hooks {
    fn receive(&self, request: &ServiceRequest) -> Result<(), Problem> {
        Ok(request_checks::check(request.request())?)
    }

    fn refuse(&self, request: &ServiceRequest, refusal: Problem) -> Problem {
        match request.app_data::<Data<Pipeline>>() {
            Some(pipeline) => pipeline.refuse(request.request(), refusal),
            None => refusal,
        }
    }

    fn pass_on(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<Answering, ServiceRequest> {
        let pipeline = request.app_data::<Data<Pipeline>>().filter(|_| is_of_api(request.path()));
        let Some(pipeline) = pipeline.cloned() else {
            return Err(request);
        };
        let (request, payload) = request.into_parts();
        let trace = Rc::clone(trace);
        Ok(Box::pin(async move {
            match pipeline.handle(&request, payload, &trace).await {
                Ok(answer) => ServiceResponse::new(request, answer),
                Err(problem) => ServiceResponse::from_err(for_client(problem, &request), request),
            }
        }))
    }

    fn finish(&self, mut answer: ServiceResponse) -> ServiceResponse {
        rate_limit::headers::finish(&mut answer);
        if let Some(pipeline) = answer.request().app_data::<Data<Pipeline>>().cloned() {
            pipeline.cors.finish(&mut answer);
        }
        security_headers::finish(&mut answer);
        compression::compress(answer)
    }
}

impl Pipeline {
    /// What a request is answered whose head or path was refused: that, unless too many such have come.
    fn refuse(&self, request: &HttpRequest, refusal: Problem) -> Problem {
        let counted = self.count_unrouted(request);
        for_client(counted.err().map_or(refusal, Problem::from), request)
    }

    /// Answers a request under the root of the API.
    async fn handle(
        &self,
        request: &HttpRequest,
        payload: Payload,
        trace: &Trace,
    ) -> Result<HttpResponse, Problem> {
        let offered = RequestBody::new(payload);
        let mut told = PassedOn::default();
        let answer = self.pass_through(request, &offered, trace, &mut told).await;
        request.extensions_mut().insert(told);
        offered.release();
        answer
    }

    async fn pass_through(
        &self,
        request: &HttpRequest,
        offered: &RequestBody,
        trace: &Trace,
        told: &mut PassedOn,
    ) -> Result<HttpResponse, Problem> {
        let started = telemetry::start();
        let mut context = self.route(request, trace)?;
        told.route = Some(context.route.prefix);
        if let Some(answer) = self.cors.preflight(request) {
            return Ok(answer);
        }
        let caller = self.authenticate(&context);
        context.caller = caller.as_ref().ok().copied().flatten();
        told.caller = context.caller;
        self.limits.admit(&context, caller)?;
        self.forward(&context, offered, told, started).await
    }

    /// Finds the route of a request. One that goes none is counted.
    fn route<'r>(&self, request: &'r HttpRequest, trace: &'r Trace) -> Result<RequestContext<'r>, Error> {
        let context = RequestContext::of(request, trace);
        if matches!(context, Err(Error::NoRoute)) {
            self.count_unrouted(request)?;
        }
        context
    }

    /// Counts a request that goes no route, which is refused for that unless too many such have come.
    fn count_unrouted(&self, request: &HttpRequest) -> Result<(), Error> {
        let caller = self.tokens.identity(request.headers(), &self.keys).ok();
        self.limits.admit_unrouted(request, caller)
    }

    /// The user whose token it is; nobody where anyone may ask.
    fn authenticate(&self, context: &RequestContext<'_>) -> Result<Option<Identity>, Problem> {
        if context.route.access == Access::Public {
            return Ok(None);
        }
        Ok(Some(self.tokens.identity(context.request.headers(), &self.keys)?))
    }

    /// Sends a request to its service, and answers what that answers.
    async fn forward(
        &self,
        context: &RequestContext<'_>,
        offered: &RequestBody,
        told: &mut PassedOn,
        started: Option<Instant>,
    ) -> Result<HttpResponse, Problem> {
        let length = body_length(context.request.headers())?;
        let question = self.proxy.question(context, length);
        if question.head.len() > MAX_HEAD_BYTES {
            return Err(Error::HeadTooLarge.into());
        }
        let upload = BodySender::new(offered, length, question.may_repeat, &self.bounds(context));
        let mut upload = match upload.and_then(|upload| refuse_encoding(context, length).map(|()| upload)) {
            Err(refusal @ (Error::BodyTooLarge(_) | Error::BodyEncoded)) => {
                return Box::pin(refuse_body(context, &self.proxy, refusal)).await;
            }
            upload => upload?,
        };
        if let Some(meter) = ByteMeter::of(&self.limits, context) {
            upload.count_with(meter)?;
        }
        let answer = self.proxy.send(&question, upload, context.route.upstream).await?;
        telemetry::answered(told, &answer, context.route, started);
        Ok(respond(answer, context.request.method(), self.proxy.patience()))
    }

    /// What the body of a request may cost.
    fn bounds(&self, context: &RequestContext<'_>) -> BodyBounds<'_> {
        let min_rate = MinRate { grace: self.proxy.patience().body, ..self.bodies.min_rate };
        let max_bytes = context.route.upstream.max_body_bytes();
        BodyBounds { max_bytes, min_rate, memory: &self.bodies.memory }
    }
}

/// Clients of OAuth 2 are told in its words what the gateway refuses at the token endpoint.
fn for_client(problem: Problem, request: &HttpRequest) -> Problem {
    if is_token_endpoint(request.path()) { problem.for_oauth() } else { problem }
}
