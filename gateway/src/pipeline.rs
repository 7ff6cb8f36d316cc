//! A request's way through the gateway: receive, route, authenticate, admit, forward, respond.

mod session;

use crate::downstream::cors::Cors;
use crate::downstream::{compression, request_checks, security_headers};
use crate::error::Error;
use crate::proxy::body_bounds::BodyBounds;
use crate::proxy::body_refusal::{check_encoding, refuse_body};
use crate::proxy::body_sender::BodySender;
use crate::proxy::forward::Proxy;
use crate::proxy::headers::{BodyLength, body_length};
use crate::proxy::request_body::RequestBody;
use crate::proxy::telemetry;
use crate::rate_limit;
use crate::rate_limit::admission::RateLimits;
use crate::rate_limit::byte_meter::ByteMeter;
use crate::rate_limit::user_streams::UserStreamPermit;
use crate::request_context::RequestContext;
use crate::routing::session::{SessionRoute, is_of_session};
use crate::routing::table::{Access, is_of_api, is_token_endpoint};
use crate::session::SessionSettings;
use crate::token_cache::TokenCache;
use crate::ui;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use shared_web::body_limits::{BodyLimits, MinRate};
use shared_web::caller::Identity;
use shared_web::problem::Problem;
use shared_web::server;
use shared_web::server::{ProxyLogFields, ResponseFuture};
use shared_web::telemetry::Trace;
use shared_web::tokens::TokenKeys;
use std::rc::Rc;
use std::sync::Arc;

/// The most bytes of a head that the parser of a service reads.
const MAX_HEAD_BYTES: usize = 0x1_ffff;

/// One worker's pipeline, built once.
pub(crate) struct Pipeline {
    pub(crate) keys: TokenKeys,
    pub(crate) bodies: BodyLimits,
    pub(crate) cors: Arc<Cors>,
    pub(crate) limits: Arc<RateLimits>,
    pub(crate) tokens: TokenCache,
    pub(crate) proxy: Proxy,
    /// `None` where there is no page.
    pub(crate) session: Option<SessionSettings>,
}

/// The server's hooks: a worker's pipeline.
pub(crate) struct Hooks {
    pipeline: Rc<Pipeline>,
}

impl Hooks {
    pub(crate) fn new(pipeline: Pipeline) -> Self {
        Self { pipeline: Rc::new(pipeline) }
    }
}

impl server::ServerHooks for Hooks {
    /// Receive: refuses a request by its head.
    fn filter_request(&self, request: &ServiceRequest) -> Result<(), Problem> {
        ui::trailing_slash::record(request.request());
        Ok(request_checks::check(request.request())?)
    }

    fn filter_refusal(&self, request: &ServiceRequest, refusal: Problem) -> Problem {
        self.pipeline.refuse(request.request(), refusal)
    }

    fn proxy(&self, request: ServiceRequest, trace: &Rc<Trace>) -> Result<ResponseFuture, ServiceRequest> {
        let session_route = match request.path() {
            path if is_of_api(path) => None,
            path => match self.pipeline.session_route(path) {
                None => return Err(request),
                route => route,
            },
        };
        let (request, payload) = request.into_parts();
        let (pipeline, trace) = (Rc::clone(&self.pipeline), Rc::clone(trace));
        Ok(Box::pin(async move {
            match pipeline.handle(&request, payload, &trace, session_route).await {
                Ok(response) => ServiceResponse::new(request, response),
                Err(problem) => ServiceResponse::from_err(in_words_of(request.path(), problem), request),
            }
        }))
    }

    /// Respond: sets the headers of every response, also of one that is an error, and compresses its body.
    fn filter_response(&self, mut response: ServiceResponse) -> ServiceResponse {
        rate_limit::headers::finish(&mut response);
        // No page of another origin has a session.
        if !is_of_session(response.request().path()) {
            let cors = self.pipeline.cors.response_headers(response.request());
            cors.set(response.headers_mut());
        }
        security_headers::finish(&mut response);
        compression::compress(response)
    }
}

impl Pipeline {
    /// The error for a request whose head or path was refused: the refusal, or 429 after too many of them.
    fn refuse(&self, request: &HttpRequest, refusal: Problem) -> Problem {
        let admitted = self.admit_unrouted(request);
        in_words_of(request.path(), admitted.err().map_or(refusal, Problem::from))
    }

    /// Responds to a request under the root of the API, or to one of the page's session.
    async fn handle(
        &self,
        request: &HttpRequest,
        payload: Payload,
        trace: &Trace,
        session_route: Option<SessionRoute>,
    ) -> Result<HttpResponse, Problem> {
        let body = RequestBody::new(payload);
        let mut record = ProxyLogFields::default();
        let response = match session_route {
            None => self.run(request, &body, trace, &mut record).await,
            // In a box, as it is large and seldom needed.
            Some(route) => Box::pin(self.run_session(route, request, &body, trace, &mut record)).await,
        };
        request.extensions_mut().insert(record);
        body.release();
        response
    }

    /// The phases, in order. Their findings are recorded for logs and metrics, also of a request that fails.
    async fn run(
        &self,
        request: &HttpRequest,
        body: &RequestBody,
        trace: &Trace,
        record: &mut ProxyLogFields,
    ) -> Result<HttpResponse, Problem> {
        let started = telemetry::start();
        let mut context = self.route(request, trace)?;
        context.started = started;
        record.route = Some(context.route.prefix);
        if let Some(response) = self.cors.preflight(request) {
            return Ok(response);
        }
        let user = self.authenticate(&context);
        context.user = user.as_ref().ok().copied().flatten();
        record.user = context.user;
        self.limits.admit(&context, user)?;
        let user_stream = self.limits.open_stream(&context)?;
        let length = body_length(request.headers())?;
        self.forward(&context, (body, length), user_stream, record).await
    }

    /// Route: finds the route and the class of a request. One without a route, or whose service there is not, counts against a rate limit.
    fn route<'r>(&self, request: &'r HttpRequest, trace: &'r Trace) -> Result<RequestContext<'r>, Error> {
        match RequestContext::route(request, trace) {
            Ok(context) if self.proxy.has(context.route.upstream) => Ok(context),
            Ok(_) | Err(Error::NoRoute) => self.admit_unrouted(request).and(Err(Error::NoRoute)),
            Err(error) => Err(error),
        }
    }

    /// Authenticate: the user whose token the request has; `None` on public routes.
    fn authenticate(&self, context: &RequestContext<'_>) -> Result<Option<Identity>, Problem> {
        if context.route.access == Access::Public {
            return Ok(None);
        }
        Ok(Some(self.tokens.identity(context.request.headers(), &self.keys)?))
    }

    /// Admit, for a request without a route: counts it, and fails after too many of them.
    fn admit_unrouted(&self, request: &HttpRequest) -> Result<(), Error> {
        let user = self.tokens.identity(request.headers(), &self.keys).ok();
        self.limits.admit_unrouted(request, user)
    }

    /// Forward: sends the request with a body of this length to its service, and streams the response back.
    async fn forward(
        &self,
        context: &RequestContext<'_>,
        (body, length): (&RequestBody, BodyLength),
        user_stream: Option<UserStreamPermit>,
        record: &mut ProxyLogFields,
    ) -> Result<HttpResponse, Problem> {
        let request = self.proxy.request(context, length)?;
        if request.head.bytes() > MAX_HEAD_BYTES {
            return Err(Error::HeadTooLarge.into());
        }
        let body = BodySender::new(body, length, request.is_retryable, &self.bounds(context));
        let mut body = match body.and_then(|body| check_encoding(context, length).map(|()| body)) {
            Err(refusal @ (Error::BodyTooLarge(_) | Error::BodyEncoded)) => {
                return Box::pin(refuse_body(context, &self.proxy, refusal)).await;
            }
            body => body?,
        };
        if let Some(meter) = ByteMeter::new(&self.limits, context) {
            body.count_with(meter)?;
        }
        let response = self.proxy.send(&request, body, context.route.upstream).await?;
        telemetry::record_response(record, &response, context);
        Ok(self.proxy.respond(response, context.request.method(), user_stream))
    }

    fn bounds(&self, context: &RequestContext<'_>) -> BodyBounds<'_> {
        let min_rate = MinRate { grace: self.proxy.timeouts().request_body, ..self.bodies.min_rate };
        let max_bytes = context.route.upstream.max_body_bytes();
        BodyBounds { max_bytes, min_rate, memory: &self.bodies.memory }
    }
}

/// An error in the words of OAuth 2, if the path is that of the token endpoint.
fn in_words_of(path: &str, problem: Problem) -> Problem {
    if is_token_endpoint(path) { problem.for_oauth() } else { problem }
}
