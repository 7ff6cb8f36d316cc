//! The way of a request through the gateway, told as phases.

mod client;
mod download;
mod headers;
mod replica;
mod table;
mod upload;

pub(crate) use client::Proxy;
pub use table::Upstream;
pub(crate) use table::{API_ROOT, Access, find};

use crate::error::Error;
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use client::Answer;
use headers::BodyLength;
use hyper::http::uri::PathAndQuery;
use replica::Replica;
use shared::identity::Identity;
use shared::problem::Problem;
use shared::server::{Context, Trace};
use std::time::Instant;
use table::Route;
use upload::{Offered, Upload};

/// Passes a request on to the service that it is for, and the answer back.
pub(crate) async fn forward(
    request: HttpRequest,
    payload: Payload,
    trace: Trace,
    context: Data<Context>,
    proxy: Data<Proxy>,
) -> Result<HttpResponse, Problem> {
    let offered = Offered::new(payload);
    let answer = pass_through(&request, &offered, &trace, &context, &proxy).await;
    offered.release();
    answer
}

async fn pass_through(
    request: &HttpRequest,
    offered: &Offered,
    trace: &Trace,
    context: &Context,
    proxy: &Proxy,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    receive(request)?;
    let target = normalise(request)?;
    let route = route(&target)?;
    authenticate(request, route, context)?;
    let replica = choose_replica(proxy, route);
    let question = clean_headers(request, target, replica, trace)?;
    let body = match bound(request, offered) {
        Err(Error::BodyTooLarge) => return refuse_body(request, question, offered, route, proxy).await,
        body => body?,
    };
    let answer = proxy.send(question, body, route.upstream).await?;
    account_for(&answer, route, started);
    Ok(copy_back(request, answer, proxy))
}

fn receive(request: &HttpRequest) -> Result<(), Error> {
    headers::bound_number(request.headers())?;
    headers::refuse_underscores(request.headers())
}

/// Path and query, byte for byte, but for the slashes that the server's middleware took from the path.
fn normalise(request: &HttpRequest) -> Result<PathAndQuery, Error> {
    let target = request.uri().path_and_query().ok_or(Error::NoRoute)?;
    target.as_str().parse().map_err(|_| Error::Target)
}

fn route(target: &PathAndQuery) -> Result<&'static Route, Error> {
    find(target.path()).ok_or(Error::NoRoute)
}

fn authenticate(request: &HttpRequest, route: &Route, context: &Context) -> Result<(), Problem> {
    if route.access == Access::Protected {
        let identity = Identity::of(request.headers(), &context.keys)?;
        // For the line in the log.
        request.extensions_mut().insert(identity);
    }
    Ok(())
}

/// Refuses a body that is announced as too large; one that is not announced is counted on its way.
fn bound(request: &HttpRequest, offered: &Offered) -> Result<Upload, Error> {
    Upload::new(offered, headers::body_length(request.headers())?)
}

/// Answers a body that is announced as too large: a wrong path or method is told first, and only the service knows those.
/// OPTIONS of a route is a 405 that names its methods, and changes nothing.
async fn refuse_body(
    request: &HttpRequest,
    mut question: hyper::Request<()>,
    offered: &Offered,
    route: &Route,
    proxy: &Proxy,
) -> Result<HttpResponse, Problem> {
    *question.method_mut() = hyper::Method::OPTIONS;
    let nothing = Upload::new(offered, BodyLength::Known(0))?;
    let Ok(answer) = proxy.send(question, nothing, route.upstream).await else {
        return Err(Error::BodyTooLarge.into());
    };
    let allowed = answer.headers().get(hyper::header::ALLOW).and_then(|allow| allow.to_str().ok());
    let is_allowed = |allow: &str| allow.split(", ").any(|method| method == request.method().as_str());
    match (answer.status(), allowed) {
        (hyper::StatusCode::METHOD_NOT_ALLOWED, Some(allow)) if is_allowed(allow) => {
            Err(Error::BodyTooLarge.into())
        }
        (hyper::StatusCode::METHOD_NOT_ALLOWED | hyper::StatusCode::NOT_FOUND, _) => {
            Ok(copy_back(request, answer, proxy))
        }
        _ => Err(Error::BodyTooLarge.into()),
    }
}

fn choose_replica<'a>(proxy: &'a Proxy, route: &Route) -> &'a Replica {
    proxy.replica(route.upstream)
}

fn clean_headers(
    request: &HttpRequest,
    target: PathAndQuery,
    replica: &Replica,
    trace: &Trace,
) -> Result<hyper::Request<()>, Error> {
    let mut question = hyper::Request::new(());
    *question.method_mut() = request.method().as_str().parse().map_err(|_| Error::Target)?;
    *question.uri_mut() = replica.uri(target)?;
    *question.headers_mut() = headers::for_service(request, trace)?;
    Ok(question)
}

fn account_for(answer: &Answer, route: &Route, started: Instant) {
    let head_ms = started.elapsed().as_secs_f64() * 1e3;
    tracing::debug!(upstream = route.upstream.name(), status = answer.status().as_u16(), head_ms, "answered");
}

fn copy_back(request: &HttpRequest, answer: Answer, proxy: &Proxy) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let body = download::Download::new(request.method(), &head.headers, body, proxy.patience().piece);
    let status = actix_web::http::StatusCode::from_u16(head.status.as_u16())
        .unwrap_or(actix_web::http::StatusCode::BAD_GATEWAY);
    let mut response = HttpResponse::new(status);
    *response.headers_mut() = headers::for_client(&head.headers);
    response.set_body(actix_web::body::BoxBody::new(body))
}
