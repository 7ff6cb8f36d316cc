//! Problems of a request's body, and of a single field.

use crate::problem::{FieldError, Problem};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_ENCODING, HeaderValue};
use std::borrow::Cow;

/// 413, for a body of more than `max_bytes`.
pub fn payload_too_large(max_bytes: usize) -> Problem {
    let detail = format!("The body is larger than {max_bytes} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
}

/// 415 with `Accept-Encoding: identity`, for a body with a content coding (RFC 9110, 15.5.16).
pub fn body_encoded() -> Problem {
    let detail = "The body must not be encoded (Content-Encoding)";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        .with_header(ACCEPT_ENCODING, HeaderValue::from_static("identity"))
}

/// 400, for a body that ended before it was complete, or whose chunks are malformed.
pub(crate) fn body_broken() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", "The body ended too early")
}

/// 408, for a body below the minimum rate ([`crate::body_limits::MinRate`]).
pub fn body_too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time")
}

/// 422 with one validation error at `loc`.
pub fn invalid(loc: &[&'static str], kind: &'static str, msg: impl Into<Cow<'static, str>>) -> Problem {
    let loc = loc.iter().map(|&place| place.into()).collect();
    Problem::validation(vec![FieldError { kind: kind.into(), loc, msg: msg.into() }])
}
