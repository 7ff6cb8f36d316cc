//! Which pages of other origins may call the API, and read its answers (the CORS protocol of the Fetch standard).

use super::origins::AllowedOrigins;
use crate::log_target;
use actix_web::dev::ServiceResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const METHODS: &str = "GET, HEAD, POST, PUT, DELETE";
/// What the API gives a meaning to, for a browser that does not say which headers it is about to send.
const REQUEST_HEADERS: &str =
    "Accept, Authorization, Content-Type, Idempotency-Key, traceparent, X-Request-Id";
const ANSWER_HEADERS: &str = "Link, X-Next-Cursor, X-Request-Id, X-Branch-Id, Idempotency-Replayed, Retry-After, \
    RateLimit, RateLimit-Policy, WWW-Authenticate, Allow";
/// In seconds. Two hours are the most that browsers keep it.
const MAX_AGE: &str = "7200";
/// The most bytes of header names that a preflight is answered.
const MAX_NAMES_BYTES: usize = 4096;
/// The most bytes of an origin that is logged: the longest name of a host, with its scheme and port.
const MAX_ORIGIN_BYTES: usize = 270;
/// Between two lines of the log about origins that are not allowed.
const LOG_INTERVAL: Duration = Duration::from_secs(5);
/// How many such origins are remembered, so that each has one line.
const MAX_LOGGED_ORIGINS: usize = 256;

/// Who may call the API, and who was told in the log that they may not.
#[derive(Debug, Default)]
pub(crate) struct Cors {
    allowed: AllowedOrigins,
    refused: Mutex<RefusedOrigins>,
}

/// The origins that were refused and logged.
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

    /// The origin of a request, where it is one that is allowed.
    fn allowed_origin<'r>(&self, request: &'r HttpRequest) -> Option<&'r HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        self.allowed.contain(origin.to_str().ok()?).then_some(origin)
    }

    /// Logs an origin that is not allowed, so that who has forgotten the variable finds it.
    fn log_refused(&self, origin: &HeaderValue) {
        let Ok(origin) = origin.to_str() else { return };
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_new(origin, Instant::now()) {
            tracing::warn!(target: log_target::CORS, origin,
                "CORS_ALLOWED_ORIGINS does not name the origin of a page that calls the API"
            );
        }
    }

    /// Tells a browser whether the page may read an answer.
    pub(crate) fn finish(&self, answer: &mut ServiceResponse) {
        if self.allowed == AllowedOrigins::None {
            return;
        }
        let origin = self.allowed_origin(answer.request()).cloned();
        let headers = answer.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = origin else { return };
        if self.allowed == AllowedOrigins::Any {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        } else {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            // There are no cookies, but a client that asks for them would not get the answer.
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(ANSWER_HEADERS));
    }

    /// The answer to a browser that asks whether a page may send a request to a route; `None` where that is not asked.
    pub(crate) fn preflight(&self, request: &HttpRequest) -> Option<HttpResponse> {
        let headers = request.headers();
        let origin = headers.get(ORIGIN)?;
        if request.method() != Method::OPTIONS || !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
            return None;
        }
        let mut answer = HttpResponse::NoContent();
        if self.allowed_origin(request).is_none() {
            self.log_refused(origin);
            return Some(answer.finish());
        }
        answer.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        answer.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, requested_headers(request)));
        answer.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        answer.insert_header((VARY, "Access-Control-Request-Headers"));
        Some(answer.finish())
    }
}

impl RefusedOrigins {
    /// Whether an origin is to be logged: each once, and not too many in a short time, as anybody can send any.
    fn is_new(&mut self, origin: &str, now: Instant) -> bool {
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

/// The headers that a page is about to send, as far as they have names.
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
    if names.is_empty() { REQUEST_HEADERS.to_owned() } else { names }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_logged_once_and_not_too_many_in_a_short_time() {
        let (mut refused, begun) = (RefusedOrigins::default(), Instant::now());
        let mut is_new = |origin: &str, seconds| refused.is_new(origin, begun + Duration::from_secs(seconds));
        assert!(is_new("https://a.example", 0));
        assert!(!is_new("https://b.example", 1));
        assert!(is_new("https://b.example", 5));
        assert!(!is_new("https://a.example", 100));
        assert!(!is_new(&format!("https://{}.example", "a".repeat(300)), 200));
        for n in 0..2000 {
            is_new(&format!("https://{n}.example"), 1000 + 10 * n);
        }
        assert!(refused.origins.len() <= MAX_LOGGED_ORIGINS);
    }
}
