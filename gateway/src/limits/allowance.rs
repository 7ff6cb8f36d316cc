//! What a client is told of the limit that counts for it: draft-ietf-httpapi-ratelimit-headers-10.

use actix_web::HttpMessage as _;
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What a client has left of a limit; as an extension of the request, for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) name: &'static str,
    /// The whole of it.
    pub(super) policy: HeaderValue,
    pub(super) left: u32,
    pub(super) seconds_to_full: u64,
}

/// Tells it in an answer, also one that is an error.
pub(crate) fn finish(answer: &mut ServiceResponse) {
    let allowance = answer.request().extensions().get::<Allowance>().cloned();
    let Some(Allowance { name, policy, left, seconds_to_full }) = allowance else {
        return;
    };
    let headers = answer.headers_mut();
    if let Ok(left) = HeaderValue::try_from(format!("\"{name}\";r={left};t={seconds_to_full}")) {
        headers.insert(LEFT, left);
    }
    headers.insert(POLICY, policy);
}
