//! The ids of a request: its request id, and the trace that it belongs to.

use crate::telemetry::trace_context::TraceContext;
use actix_web::dev::Payload;
use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use shared::ids::request_id;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::rc::Rc;

/// The header of the request id.
pub const X_REQUEST_ID: &str = "x-request-id";
/// The same as a header name.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static(X_REQUEST_ID);
/// The most characters of a request id from a client.
const MAX_ID_CHARACTERS: usize = 128;

/// The ids of a request, for the response, the log and calls to other services.
#[derive(Debug, Clone)]
pub struct Trace {
    /// The client's `X-Request-Id` if it is safe to forward, else a new one.
    pub request_id: String,
    /// The trace that it belongs to.
    pub context: TraceContext,
}

impl Trace {
    /// A trace for work without a request.
    pub fn generate() -> Self {
        Self::resumed(request_id())
    }

    /// A new trace for work of the request with this id, after that has ended.
    pub fn resumed(request_id: String) -> Self {
        Self { request_id, context: TraceContext::generate() }
    }

    /// The trace of a request's headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let sent = headers.get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(|id| is_safe(id));
        let request_id = sent.map_or_else(request_id, str::to_owned);
        Self { request_id, context: TraceContext::of(headers) }
    }
}

impl FromRequest for Trace {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let trace = request.extensions().get::<Rc<Self>>().map(|trace| Self::clone(trace));
        ready(Ok(trace.unwrap_or_else(|| Self::of(request.headers()))))
    }
}

/// Whether an id needs no escaping in a header, a log line and a JSON text.
fn is_safe(id: &str) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_.:+/=@~".contains(c);
    (1..=MAX_ID_CHARACTERS).contains(&id.len()) && id.chars().all(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_is_accepted_up_to_128_safe_characters() {
        assert!(is_safe("018f3a5e-7b1c:a.b_c/d+e="));
        assert!(is_safe(&"x".repeat(128)));
        for id in ["", "a b", "a\"b", "é", &"x".repeat(129)] {
            assert!(!is_safe(id), "{id}");
        }
    }
}
