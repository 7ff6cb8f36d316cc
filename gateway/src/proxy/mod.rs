//! The way of a request through the gateway, told as phases.

mod body_bounds;
mod body_refusal;
mod client;
mod download;
mod headers;
mod observe;
mod offered;
mod pool;
mod pools;
mod replay_buffer;
mod table;
mod tokens;
mod trip;
mod upload;
mod upload_error;

pub(crate) use client::Proxy;
pub(crate) use headers::has_meaning;
pub use table::Upstream;
pub(crate) use table::{API_ROOT, Access, Kind, LOGIN, REGISTER, Route, TOKEN, find};

use crate::edge::preflight;
use crate::error::Error;
use crate::limits::RateLimits;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::uri::PathAndQuery;
use actix_web::web::Data;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use body_bounds::Bounds;
use body_refusal::{refuse_body, refuse_encoding};
use client::{Answer, Question};
use download::download;
use headers::BodyLength;
use offered::Offered;
use shared::identity::Identity;
use shared::problem::Problem;
use shared::server::{Answering, BodyLimits, Context, MinRate, PassedOn, Trace};
use std::rc::Rc;
use std::time::Instant;
use table::counts_key;
use tracing::Level;
use upload::Upload;

/// The bytes that most heads have at most.
const HEAD: usize = 0x800;
/// The most bytes of a head that the parser of a service reads.
const MAX_HEAD_BYTES: usize = 0x1_ffff;

/// Passes a request under the root of the API on to the service that it is for, and the answer back.
pub(crate) fn pass_on(request: ServiceRequest, trace: &Rc<Trace>) -> Result<Answering, ServiceRequest> {
    let below = request.uri().path().strip_prefix(API_ROOT);
    if !below.is_some_and(|below| below.is_empty() || below.starts_with('/')) {
        return Err(request);
    }
    let (request, payload) = request.into_parts();
    let trace = Rc::clone(trace);
    Ok(Box::pin(async move {
        match forward(&request, payload, &trace).await {
            Ok(answer) => ServiceResponse::new(request, answer),
            Err(problem) => ServiceResponse::from_err(for_client(problem, &request), request),
        }
    }))
}

/// Clients of OAuth 2 are told in its words what the gateway refuses at the token endpoint.
pub(crate) fn for_client(problem: Problem, request: &HttpRequest) -> Problem {
    if request.path().trim_end_matches('/') == TOKEN { problem.for_oauth() } else { problem }
}

async fn forward(request: &HttpRequest, payload: Payload, trace: &Trace) -> Result<HttpResponse, Problem> {
    let offered = Offered::new(payload);
    let context = request.app_data::<Data<Context>>();
    let limits = request.app_data::<Data<RateLimits>>();
    let answer = match (context, limits, request.app_data::<Data<Proxy>>()) {
        (Some(context), Some(limits), Some(proxy)) => {
            let mut told = PassedOn::default();
            let answer = pass_through(request, &offered, trace, context, limits, proxy, &mut told).await;
            request.extensions_mut().insert(told);
            answer
        }
        _ => Err(Problem::internal("the server has no proxy")),
    };
    offered.release();
    answer
}

async fn pass_through(
    request: &HttpRequest,
    offered: &Offered,
    trace: &Trace,
    context: &Context,
    limits: &Data<RateLimits>,
    proxy: &Proxy,
    told: &mut PassedOn,
) -> Result<HttpResponse, Problem> {
    // For a line that is seldom written.
    let started = tracing::enabled!(Level::DEBUG).then(Instant::now);
    let target = normalise(request)?;
    let Some(route) = find(target.path()) else {
        count_unrouted(request)?;
        return Err(Error::NoRoute.into());
    };
    observe::routed(told, route);
    if let Some(answer) = preflight(request) {
        return Ok(answer);
    }
    let caller = authenticate(request, route, context, proxy);
    told.caller = caller.as_ref().ok().copied().flatten();
    let kind = Kind::of(request.method().as_str(), target.path());
    limits.admit(request, route, kind, caller)?;
    let length = headers::body_length(request.headers())?;
    let host = proxy.host(route.upstream);
    let clean = |method, kind, length| clean_headers(request, method, kind, target, host, trace, length);
    let question = clean(request.method(), kind, length);
    if question.head.len() > MAX_HEAD_BYTES {
        return Err(Error::HeadTooLarge.into());
    }
    let may_repeat = may_repeat(request.method(), target, &question);
    let bounds = bounds(route, &context.bodies, proxy);
    let body = Upload::new(offered, length, may_repeat, &bounds);
    let mut body = match body.and_then(|body| refuse_encoding(request, length).map(|()| body)) {
        Err(refusal @ (Error::BodyTooLarge(_) | Error::BodyEncoded)) => {
            let options = clean(&Method::OPTIONS, Kind::Read, BodyLength::None);
            return Box::pin(refuse_body(request, &options, route, proxy, refusal)).await;
        }
        body => body?,
    };
    if let Some(meter) = RateLimits::byte_meter(limits, request, route, kind, told.caller) {
        body.count_with(meter)?;
    }
    let answer = proxy.send(&question, body, route).await?;
    account_for(&answer, route, started);
    observe::answered(told, &answer);
    Ok(copy_back(request, answer, proxy))
}

/// Path and query, byte for byte. The server has refused a path that is not in its normal form, and taken a slash from
/// its end.
fn normalise(request: &HttpRequest) -> Result<&PathAndQuery, Error> {
    request.uri().path_and_query().ok_or(Error::NoRoute)
}

/// Counts a request that goes no route, which is refused for that unless too many such have come.
pub(crate) fn count_unrouted(request: &HttpRequest) -> Result<(), Error> {
    let Some(limits) = request.app_data::<Data<RateLimits>>() else {
        return Ok(());
    };
    let (context, proxy) = (request.app_data::<Data<Context>>(), request.app_data::<Data<Proxy>>());
    let caller = context
        .zip(proxy)
        .and_then(|(context, proxy)| proxy.tokens.identity(request.headers(), &context.keys).ok());
    limits.admit_unrouted(request, caller)
}

/// The user whose token it is; nobody where anyone may ask.
fn authenticate(
    request: &HttpRequest,
    route: &Route,
    context: &Context,
    proxy: &Proxy,
) -> Result<Option<Identity>, Problem> {
    if route.access == Access::Public {
        return Ok(None);
    }
    Ok(Some(proxy.tokens.identity(request.headers(), &context.keys)?))
}

/// What the body of a request for this route may cost.
fn bounds<'a>(route: &Route, limits: &'a BodyLimits, proxy: &Proxy) -> Bounds<'a> {
    let min_rate = MinRate { grace: proxy.patience().body, ..limits.min_rate };
    Bounds { max_bytes: route.upstream.max_body_bytes(), min_rate, memory: &limits.memory }
}

/// Whether a request may be sent to a second replica when a first has perhaps carried it out. What is sent decides, not what
/// has come.
fn may_repeat(method: &Method, target: &PathAndQuery, question: &Question) -> bool {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => true,
        Method::POST => question.has_key && counts_key(target.path()),
        _ => false,
    }
}

fn clean_headers(
    request: &HttpRequest,
    method: &Method,
    kind: Kind,
    target: &PathAndQuery,
    host: &str,
    trace: &Trace,
    length: BodyLength,
) -> Question {
    let mut head = Vec::with_capacity(HEAD);
    for part in [method.as_str(), " ", target.as_str(), " HTTP/1.1\r\n"] {
        head.extend_from_slice(part.as_bytes());
    }
    let has_key = headers::for_service(&mut head, request, host, trace, length);
    observe::continue_trace(&mut head, trace);
    head.extend_from_slice(b"\r\n");
    Question { head, is_head: method == Method::HEAD, has_key, kind }
}

fn account_for(answer: &Answer, route: &Route, started: Option<Instant>) {
    let head_ms = started.map(|started| started.elapsed().as_secs_f64() * 1e3);
    let (status, replica) = (answer.head.status().as_u16(), answer.lease.flight.address);
    tracing::debug!(upstream = route.upstream.name(), %replica, status, head_ms, "answered");
}

fn copy_back(request: &HttpRequest, answer: Answer, proxy: &Proxy) -> HttpResponse {
    download(answer, request.method(), proxy.patience().piece)
}
