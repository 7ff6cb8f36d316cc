//! What a client is told of the limit that counts for it: draft-ietf-httpapi-ratelimit-headers-10.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// What a client has left of a limit; as an extension of the request, for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RateLimitHeaders {
    pub(super) name: &'static str,
    /// The whole of it.
    pub(super) policy: HeaderValue,
    /// In the unit of the limit: requests, or bytes.
    pub(super) left: u64,
    pub(super) quota: u64,
    pub(super) seconds_to_full: u64,
}

impl RateLimitHeaders {
    /// Keeps it for the answer to this request. Of several limits that one is told which refuses the request, else the one of
    /// which the smallest part is left.
    pub(super) fn keep(self, request: &HttpRequest, is_refused: bool) {
        let mut extensions = request.extensions_mut();
        if is_refused || extensions.get::<Self>().is_none_or(|kept| self.is_scarcer_than(kept)) {
            extensions.insert(self);
        }
    }

    fn is_scarcer_than(&self, other: &Self) -> bool {
        u128::from(self.left) * u128::from(other.quota) < u128::from(other.left) * u128::from(self.quota)
    }
}

/// Tells it in an answer, also one that is an error.
pub(crate) fn finish(answer: &mut ServiceResponse) {
    let allowance = answer.request().extensions().get::<RateLimitHeaders>().cloned();
    let Some(RateLimitHeaders { name, policy, left, seconds_to_full, .. }) = allowance else {
        return;
    };
    let headers = answer.headers_mut();
    if let Ok(left) = HeaderValue::try_from(format!("\"{name}\";r={left};t={seconds_to_full}")) {
        headers.insert(LEFT, left);
    }
    headers.insert(POLICY, policy);
}
