//! The way of a request through the gateway, told as phases.

mod client;
mod download;
mod headers;
mod observe;
mod pool;
mod pools;
mod table;
mod upload;

pub(crate) use client::Proxy;
pub use table::Upstream;
pub(crate) use table::{API_ROOT, Access, Kind, LOGIN, REGISTER, Route, find};

use crate::edge::preflight;
use crate::error::Error;
use crate::limits::RateLimits;
use actix_web::http::Method;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use client::Answer;
use download::Download;
use headers::BodyLength;
use hyper::Uri;
use hyper::header::HeaderValue;
use hyper::http::uri::PathAndQuery;
use shared::identity::Identity;
use shared::problem::Problem;
use shared::server::{Context, Trace};
use std::time::Instant;
use table::counts_key;
use upload::{Offered, Upload};

/// Passes a request on to the service that it is for, and the answer back.
pub(crate) async fn forward(
    request: HttpRequest,
    payload: Payload,
    trace: Trace,
    context: Data<Context>,
    limits: Data<RateLimits>,
    proxy: Data<Proxy>,
) -> Result<HttpResponse, Problem> {
    let offered = Offered::new(payload);
    let answer = pass_through(&request, &offered, &trace, &context, &limits, &proxy).await;
    offered.release();
    answer
}

async fn pass_through(
    request: &HttpRequest,
    offered: &Offered,
    trace: &Trace,
    context: &Context,
    limits: &RateLimits,
    proxy: &Proxy,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let target = normalise(request)?;
    let route = route(&target)?;
    observe::routed(request, route);
    if let Some(answer) = preflight(request) {
        return Ok(answer);
    }
    limits.admit(request, route, authenticate(request, route, context))?;
    let clean = || clean_headers(request, &target, proxy.host(route.upstream), trace);
    let body = match bound(request, offered, &target) {
        Err(Error::BodyTooLarge) => return refuse_body(request, clean, offered, route, proxy).await,
        body => body?,
    };
    let answer = proxy.send(clean, body, route).await?;
    account_for(&answer, route, started);
    observe::answered(request, &answer);
    Ok(copy_back(request, answer, proxy))
}

/// Path and query, byte for byte. The server has refused a path that is not in its normal form, and taken a slash from
/// its end.
fn normalise(request: &HttpRequest) -> Result<PathAndQuery, Error> {
    let target = request.uri().path_and_query().ok_or(Error::NoRoute)?;
    target.as_str().parse().map_err(|_| Error::Target)
}

fn route(target: &PathAndQuery) -> Result<&'static Route, Error> {
    find(target.path()).ok_or(Error::NoRoute)
}

/// The user whose token it is; nobody where anyone may ask.
fn authenticate(
    request: &HttpRequest,
    route: &Route,
    context: &Context,
) -> Result<Option<Identity>, Problem> {
    if route.access == Access::Public {
        return Ok(None);
    }
    let identity = Identity::of(request.headers(), &context.keys)?;
    // For the line in the log.
    request.extensions_mut().insert(identity);
    Ok(Some(identity))
}

/// Refuses a body that is announced as too large; one that is not announced is counted on its way.
fn bound(request: &HttpRequest, offered: &Offered, target: &PathAndQuery) -> Result<Upload, Error> {
    Upload::new(offered, headers::body_length(request.headers())?, may_repeat(request, target))
}

/// Whether a request may be sent to a second replica when a first has perhaps carried it out.
fn may_repeat(request: &HttpRequest, target: &PathAndQuery) -> bool {
    match *request.method() {
        Method::GET | Method::HEAD | Method::OPTIONS => true,
        Method::POST => request.headers().contains_key("idempotency-key") && counts_key(target.path()),
        _ => false,
    }
}

/// Answers a body that is announced as too large: a wrong path or method is told first, and only the service knows those.
/// OPTIONS of a route is a 405 that names its methods, and changes nothing.
async fn refuse_body(
    request: &HttpRequest,
    clean: impl Fn() -> Result<hyper::Request<()>, Error>,
    offered: &Offered,
    route: &Route,
    proxy: &Proxy,
) -> Result<HttpResponse, Problem> {
    let options = || {
        let mut question = clean()?;
        *question.method_mut() = hyper::Method::OPTIONS;
        Ok(question)
    };
    let nothing = Upload::new(offered, BodyLength::Known(0), true)?;
    let Ok(answer) = proxy.send(options, nothing, route).await else {
        return Err(Error::BodyTooLarge.into());
    };
    let allowed = answer.answer.headers().get(hyper::header::ALLOW).and_then(|allow| allow.to_str().ok());
    let is_allowed = |allow: &str| allow.split(", ").any(|method| method == request.method().as_str());
    match (answer.answer.status(), allowed) {
        (hyper::StatusCode::METHOD_NOT_ALLOWED, Some(allow)) if is_allowed(allow) => {
            Err(Error::BodyTooLarge.into())
        }
        (hyper::StatusCode::METHOD_NOT_ALLOWED | hyper::StatusCode::NOT_FOUND, _) => {
            Ok(copy_back(request, answer, proxy))
        }
        _ => Err(Error::BodyTooLarge.into()),
    }
}

fn clean_headers(
    request: &HttpRequest,
    target: &PathAndQuery,
    host: &HeaderValue,
    trace: &Trace,
) -> Result<hyper::Request<()>, Error> {
    let mut question = hyper::Request::new(());
    *question.method_mut() = request.method().as_str().parse().map_err(|_| Error::Target)?;
    *question.uri_mut() = Uri::from(target.clone());
    *question.headers_mut() = headers::for_service(request, host, trace)?;
    observe::continue_trace(question.headers_mut(), trace);
    Ok(question)
}

fn account_for(answer: &Answer, route: &Route, started: Instant) {
    let head_ms = started.elapsed().as_secs_f64() * 1e3;
    let (status, replica) = (answer.answer.status().as_u16(), answer.lease.flight.address);
    tracing::debug!(upstream = route.upstream.name(), %replica, status, head_ms, "answered");
}

fn copy_back(request: &HttpRequest, answer: Answer, proxy: &Proxy) -> HttpResponse {
    let (head, body) = Download::of(answer, request.method(), proxy.patience().piece);
    let status = actix_web::http::StatusCode::from_u16(head.status.as_u16())
        .unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::new(status);
    *response.headers_mut() = headers::for_client(&head.headers);
    response.set_body(actix_web::body::BoxBody::new(body))
}
