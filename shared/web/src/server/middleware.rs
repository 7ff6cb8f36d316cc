//! The middleware of every request: its id, its span, its log line, and the rendering of errors.

use super::connection::Connection;
use super::health::Readiness;
use super::{path, response_body};
use crate::problem::Problem;
use crate::server::hooks::ServerHooks;
use crate::server::request_log::RequestLog;
use crate::telemetry::{REQUEST_ID, Trace};
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderValue;
use actix_web::http::{ConnectionType, StatusCode, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest};
use std::rc::Rc;
use std::sync::atomic::Ordering;
use tracing::Instrument as _;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::server::scope";

/// The middleware of an application.
pub(super) async fn request_scope(
    hooks: Rc<dyn ServerHooks>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let connection = Connection::of(&request).cloned();
    let mut trace = Trace::of(request.headers());
    let request_log = RequestLog::begin(&request, &mut trace);
    let trace = Rc::new(trace);
    request.extensions_mut().insert(Rc::clone(&trace));
    let span = RequestLog::span(&request, &trace);
    let refusal = hooks.filter_request(&request).and_then(|()| path::normalise(&mut request)).err();
    let refusal = refusal.map(|refusal| hooks.filter_refusal(&request, refusal));
    // The bytes behind a refused head may be no request.
    let is_last = refusal.is_some()
        // After a request for another protocol, the server's library closes as well.
        || request.head().connection_type() != ConnectionType::KeepAlive
        || connection.as_ref().is_some_and(|connection| connection.is_over_keep_alive_limit());
    async move {
        let response = match refusal {
            Some(refusal) => request.error_response(refusal),
            None => match hooks.proxy(request, &trace) {
                Ok(response) => response.await,
                Err(request) => next.call(request).await?.map_into_boxed_body(),
            },
        };
        let response = response_body::bound(response).await;
        let (response, refused) = render_error(response, &trace.request_id);
        let mut response = hooks.filter_response(response);
        if let Ok(value) = HeaderValue::from_str(&trace.request_id) {
            response.headers_mut().insert(REQUEST_ID.clone(), value);
        }
        end_connection_after_last(&mut response, connection.as_deref(), is_last);
        request_log.end(&response, refused);
        Ok(response)
    }
    .instrument(span)
    .await
}

/// Closes the connection after this response if the request was the last, or no other can follow.
fn end_connection_after_last(
    response: &mut ServiceResponse,
    connection: Option<&Connection>,
    was_last_request: bool,
) {
    let is_delimited = delimit_by_close(response);
    let is_last = was_last_request
        || is_delimited
        || is_stopping(response.request())
        || connection.is_some_and(Connection::ends_after_response);
    if is_last {
        if let Some(connection) = connection {
            connection.close_after_response();
        }
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
}

/// Delimits a response of unknown length by the end of the connection if the client knows no chunked coding (RFC 9112, 7.1).
/// Returns whether it does.
fn delimit_by_close(response: &mut ServiceResponse) -> bool {
    let is_chunked = matches!(response.response().body().size(), BodySize::Stream);
    let is_delimited = is_chunked && response.request().version() < Version::HTTP_11;
    if is_delimited {
        response.response_mut().head_mut().no_chunking(true);
    }
    is_delimited
}

/// Whether the service is stopping: then each response is the last on its connection.
fn is_stopping(request: &HttpRequest) -> bool {
    let readiness = request.app_data::<Data<Readiness>>();
    readiness.is_some_and(|readiness| readiness.stopping_flag().load(Ordering::Relaxed))
}

/// Renders the body of an error, and leaves every other response as it is. Returns also why a token was refused, if it was.
fn render_error(response: ServiceResponse, request_id: &str) -> (ServiceResponse, Option<&'static str>) {
    let Some(error) = response.response().error() else {
        return (response, None);
    };
    let problem = match error.as_error::<Problem>() {
        Some(problem) => problem.clone(),
        None => generic(error.as_response_error().status_code(), error),
    };
    if let Some(cause) = problem.cause().filter(|_| problem.status().is_server_error()) {
        let status = problem.status().as_u16();
        // A 503 is expected while a dependency is busy or down, so it is a warning.
        if problem.status() == StatusCode::SERVICE_UNAVAILABLE {
            tracing::warn!(target: LOG_TARGET, status, cause, "request failed");
        } else {
            tracing::error!(target: LOG_TARGET, status, cause, "request failed");
        }
    }
    let rendered = problem.render(response.request().headers(), request_id);
    (response.into_response(rendered), problem.refused_token())
}

/// The problem of an error of the framework.
fn generic(status: StatusCode, error: &Error) -> Problem {
    match status {
        StatusCode::NOT_FOUND => crate::server::endpoint::route_not_found(),
        _ if status.is_server_error() => Problem::internal(error),
        _ => Problem::new(status, "bad_request", status.canonical_reason().unwrap_or("Bad request")),
    }
}
