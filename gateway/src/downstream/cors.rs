//! CORS: which pages of other origins may call the API and read its responses (Fetch standard).

use super::origins::AllowedOrigins;
use crate::log_target;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const ALLOWED_METHODS: &str = "GET, HEAD, POST, PUT, DELETE";
/// The headers of the API, for a browser that does not name those that it is about to send.
const ALLOWED_HEADERS: &str =
    "Accept, Authorization, Content-Type, Idempotency-Key, traceparent, X-Request-Id";
const EXPOSED_HEADERS: &str = "Link, X-Next-Cursor, X-Request-Id, X-Branch-Id, Idempotency-Replayed, Retry-After, \
    RateLimit, RateLimit-Policy, WWW-Authenticate, Allow";
/// How long a browser caches a preflight, in seconds: two hours, the most that browsers do.
const MAX_AGE_SECONDS: &str = "7200";
/// The most bytes of header names in the response to a preflight.
const MAX_NAMES_BYTES: usize = 4096;
/// The most bytes of an origin that is logged: the longest name of a host, with its scheme and port.
const MAX_ORIGIN_BYTES: usize = 270;
/// Between two log lines about origins that are not allowed, at least.
const LOG_INTERVAL: Duration = Duration::from_secs(5);
/// The most such origins that are remembered, so that each has one line.
const MAX_LOGGED_ORIGINS: usize = 256;

/// The allowed origins, and those that were logged as not allowed.
#[derive(Debug, Default)]
pub(crate) struct Cors {
    allowed: AllowedOrigins,
    refused: Mutex<RefusedOrigins>,
}

/// The origins that were logged as not allowed.
#[derive(Debug, Default)]
struct RefusedOrigins {
    origins: HashSet<String>,
    last: Option<Instant>,
}

impl Cors {
    /// Allows these origins.
    pub(crate) fn new(allowed: AllowedOrigins) -> Self {
        Self { allowed, refused: Mutex::default() }
    }

    /// The origin of a request, if it is allowed.
    fn allowed_origin<'r>(&self, request: &'r HttpRequest) -> Option<&'r HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        self.allowed.contains(origin.to_str().ok()?).then_some(origin)
    }

    /// Logs an origin that is not allowed, for an operator who has forgotten the variable.
    fn log_refused(&self, origin: &HeaderValue) {
        let Ok(origin) = origin.to_str() else { return };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.record(origin, Instant::now()) {
            tracing::warn!(target: log_target::CORS, origin,
                "CORS_ALLOWED_ORIGINS does not name the origin of a page that calls the API"
            );
        }
    }

    /// The headers that tell a browser whether a page may read the response to this request.
    pub(crate) fn response_headers(&self, request: &HttpRequest) -> CorsHeaders {
        if self.allowed == AllowedOrigins::None {
            return CorsHeaders::None;
        }
        match self.allowed_origin(request) {
            None => CorsHeaders::NotAllowed,
            Some(_) if self.allowed == AllowedOrigins::Any => CorsHeaders::AnyOrigin,
            Some(origin) => CorsHeaders::Origin(origin.clone()),
        }
    }

    /// The response to a preflight; `None` for any other request.
    pub(crate) fn preflight(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let headers = request.headers();
        let origin = headers.get(ORIGIN)?;
        if request.method() != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut response = HttpResponse::NoContent();
        if self.allowed_origin(request).is_none() {
            self.log_refused(origin);
            return Some(response.finish());
        }
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, requested_headers(request)));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECONDS));
        response.insert_header((VARY, "Access-Control-Request-Headers"));
        Some(response.finish())
    }
}

impl RefusedOrigins {
    /// Records an origin; true if it is to be logged: each once, and one in [`LOG_INTERVAL`], as anybody can send any.
    fn record(&mut self, origin: &str, now: Instant) -> bool {
        let is_too_soon = self.last.is_some_and(|last| now < last + LOG_INTERVAL);
        if is_too_soon || origin.len() > MAX_ORIGIN_BYTES || self.origins.contains(origin) {
            return false;
        }
        if self.origins.len() >= MAX_LOGGED_ORIGINS {
            self.origins.clear();
        }
        self.origins.insert(origin.to_owned());
        self.last = Some(now);
        true
    }
}

/// The headers of CORS in a response that is no preflight's.
pub(crate) enum CorsHeaders {
    /// No origin is ever allowed, so that responses do not vary by it.
    None,
    NotAllowed,
    AnyOrigin,
    Origin(HeaderValue),
}

impl CorsHeaders {
    /// Sets the headers of a response.
    pub(crate) fn set(self, headers: &mut HeaderMap) {
        if !matches!(self, Self::None) {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
        match self {
            Self::None | Self::NotAllowed => return,
            Self::AnyOrigin => headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
            Self::Origin(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                // There are no cookies, but a page that asks for credentials could not read the response without it.
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"))
            }
        };
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
    }
}

/// The headers that a page is about to send, without invalid names.
fn requested_headers(request: &HttpRequest) -> String {
    let values = request.headers().get_all(ACCESS_CONTROL_REQUEST_HEADERS);
    let names =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    let mut left = MAX_NAMES_BYTES;
    let names = names.filter(|name| HeaderName::try_from(*name).is_ok()).take_while(|name| {
        let rest = left.checked_sub(name.len() + 2);
        left = rest.unwrap_or_default();
        rest.is_some()
    });
    let names = names.collect::<Vec<_>>().join(", ");
    if names.is_empty() { ALLOWED_HEADERS.to_owned() } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_origin_is_logged_once_and_one_in_5_s() {
        let (mut refused, begun) = (RefusedOrigins::default(), Instant::now());
        let mut record = |origin: &str, seconds| refused.record(origin, begun + Duration::from_secs(seconds));
        assert!(record("https://a.example", 0));
        assert!(!record("https://b.example", 1));
        assert!(record("https://b.example", 5));
        assert!(!record("https://a.example", 100));
        assert!(!record(&format!("https://{}.example", "a".repeat(300)), 200));
        for n in 0..2000 {
            record(&format!("https://{n}.example"), 1000 + 10 * n);
        }
        assert!(refused.origins.len() <= MAX_LOGGED_ORIGINS);
    }
}
