//! Bodies that are refused by what the head of their request says of them.

use super::client::{Proxy, Question};
use super::copy_back;
use super::headers::BodyLength;
use super::table::Route;
use super::upload::Upload;
use crate::error::Error;
use actix_web::http::{Method, StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use shared::input::is_encoded;
use shared::problem::Problem;

/// Refuses a body with a content coding, which no service decodes. Where a method has a body on some routes alone, the service
/// has to say whether it is looked at.
pub(super) fn refuse_encoding(request: &HttpRequest, length: BodyLength) -> Result<(), Error> {
    let has_body = !matches!(length, BodyLength::None | BodyLength::Known(0));
    let is_looked_at = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if has_body && is_looked_at && is_encoded(request.headers()) { Err(Error::BodyEncoded) } else { Ok(()) }
}

/// Answers a body that is announced as too large or encoded: a wrong path or method is told first, and only the service knows those.
/// OPTIONS of a route is a 405 that names its methods, and changes nothing.
pub(super) async fn refuse_body(
    request: &HttpRequest,
    options: &Question,
    route: &Route,
    proxy: &Proxy,
    refusal: Error,
) -> Result<HttpResponse, Problem> {
    let Ok(answer) = proxy.send(options, Upload::nothing(), route).await else {
        return Err(refusal.into());
    };
    let allowed = answer.head.headers().get(header::ALLOW).and_then(|allow| allow.to_str().ok());
    let is_allowed = |allow: &str| allow.split(", ").any(|method| method == request.method().as_str());
    match (answer.head.status(), allowed) {
        (StatusCode::METHOD_NOT_ALLOWED, Some(allow)) if is_allowed(allow) => Err(refusal.into()),
        (StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_FOUND, _) => Ok(copy_back(request, answer, proxy)),
        _ => Err(refusal.into()),
    }
}
