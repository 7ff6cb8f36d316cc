//! What every answer says to browsers: that it is to be taken for what it is, and shown nowhere.

use crate::routing::table::API_ROOT;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

/// For answers that are no page. The page of the documents has one of its own.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

pub(crate) fn finish(answer: &mut ServiceResponse) {
    let is_of_api = answer.request().uri().path().starts_with(API_ROOT);
    let headers = answer.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if is_of_api || !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    }
    if is_of_api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
