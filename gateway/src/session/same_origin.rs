//! Which requests the session's routes take: POST with JSON, of the gateway's own page.

use super::SessionSettings;
use crate::downstream::server_url;
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, ORIGIN};
use shared_web::input::unsupported_media_type;
use shared_web::problem::Problem;
use shared_web::server::method_not_allowed;

/// The header in which a browser names the relation of a request's origin to its target (Fetch Metadata). No script can set it.
static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a request that the gateway's own page does not send: 405, 403, 415.
///
/// The cookie is `SameSite=Strict`, which other origins of the same site pass. A form of theirs can send no JSON, and a script would need
/// a preflight, which these routes never allow.
pub(crate) fn check(request: &HttpRequest, settings: &SessionSettings) -> Result<(), Problem> {
    if request.method() != Method::POST {
        return Err(method_not_allowed("POST"));
    }
    if !is_same_origin(request, settings) {
        return Err(Error::CrossSite.into());
    }
    if !is_json(request.headers()) {
        return Err(unsupported_media_type("application/json"));
    }
    Ok(())
}

/// By `Sec-Fetch-Site`, or by `Origin` from a browser that does not send it, as on plain HTTP. A request without either is no browser's.
fn is_same_origin(request: &HttpRequest, settings: &SessionSettings) -> bool {
    let headers = request.headers();
    if headers.contains_key(&SEC_FETCH_SITE) {
        return headers.get_all(&SEC_FETCH_SITE).all(|site| site == "same-origin");
    }
    let mut origins = headers.get_all(ORIGIN);
    match (origins.next(), origins.next(), server_url::origin(request, &settings.trusted_proxies)) {
        (Some(origin), None, Some(own)) => origin == own.as_str(),
        _ => false,
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
    let essence = media_type.and_then(|media_type| media_type.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
