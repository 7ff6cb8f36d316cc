//! Security headers of every response: no content sniffing, no frames, no referrer, no caching of the API.

use crate::routing::session::is_of_session;
use crate::routing::table::API_ROOT;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// The Content Security Policy of responses that are no page. `/docs` and `/ui/` set their own.
const CSP: &str = "default-src 'none'; frame-ancestors 'none'";

pub(crate) fn finish(response: &mut ServiceResponse) {
    let path = response.request().uri().path();
    // The session's routes carry tokens, as those of the API do.
    let is_of_api = path.starts_with(API_ROOT) || is_of_session(path);
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_of_api || !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    }
    if is_of_api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
