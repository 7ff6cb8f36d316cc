//! The headers `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10).

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpMessage as _, HttpRequest};

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What a client has left of a limit, kept as an extension of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RateLimitHeaders {
    pub(super) name: &'static str,
    /// The value of `RateLimit-Policy`.
    pub(super) policy: HeaderValue,
    /// In the unit of the limit: requests, or bytes.
    pub(super) left: u64,
    pub(super) quota: u64,
    pub(super) seconds_to_full: u64,
}

impl RateLimitHeaders {
    /// Keeps these headers for the response. Of several limits, the one that refuses the request is told, else the one with the
    /// smallest part left.
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

/// Sets the headers of a response, also of one that is an error.
pub(crate) fn finish(response: &mut ServiceResponse) {
    let kept = response.request().extensions().get::<RateLimitHeaders>().cloned();
    let Some(RateLimitHeaders { name, policy, left, seconds_to_full, .. }) = kept else {
        return;
    };
    let headers = response.headers_mut();
    if let Ok(left) = HeaderValue::try_from(format!("\"{name}\";r={left};t={seconds_to_full}")) {
        headers.insert(RATELIMIT, left);
    }
    headers.insert(RATELIMIT_POLICY, policy);
}
