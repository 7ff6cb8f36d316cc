//! Bodies that are refused for what the head of their request announces.

use super::body_sender::BodySender;
use super::forward::Proxy;
use super::headers::BodyLength;
use crate::error::Error;
use crate::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::Method;
use hyper::StatusCode;
use shared_web::input::is_encoded;
use shared_web::problem::Problem;

/// Refuses a body with a content coding, which no service decodes. For methods that have a body on some routes alone, the
/// service has to say whether it reads it.
pub(crate) fn check_encoding(context: &RequestContext<'_>, length: BodyLength) -> Result<(), Error> {
    let has_body = !matches!(length, BodyLength::None | BodyLength::Known(0));
    let is_read = matches!(*context.request.method(), Method::POST | Method::PUT | Method::PATCH);
    let is_refused = has_body && is_read && is_encoded(context.request.headers());
    if is_refused { Err(Error::BodyEncoded) } else { Ok(()) }
}

/// Responds to a body that is announced as too large or encoded. A wrong path or method is told first, and only the service knows
/// those: OPTIONS of a route is a 405 that names its methods, and changes nothing.
pub(crate) async fn refuse_body(
    context: &RequestContext<'_>,
    proxy: &Proxy,
    refusal: Error,
) -> Result<HttpResponse, Problem> {
    let (options, upstream) = (proxy.options(context)?, context.route.upstream);
    let Ok(response) = proxy.send(&options, BodySender::none(), upstream).await else {
        return Err(refusal.into());
    };
    let method = context.request.method();
    let head = &response.incoming.response;
    let allowed = head.headers().get(hyper::header::ALLOW).and_then(|allow| allow.to_str().ok());
    let is_allowed = |allow: &str| allow.split(", ").any(|allowed| allowed == method.as_str());
    match (head.status(), allowed) {
        (StatusCode::METHOD_NOT_ALLOWED, Some(allow)) if is_allowed(allow) => Err(refusal.into()),
        (StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND, _) => {
            Ok(proxy.respond(response, method, None))
        }
        _ => Err(refusal.into()),
    }
}
