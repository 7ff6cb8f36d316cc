//! The headers of requests to which the gateway, its server or a service gives a meaning.

use shared_web::telemetry::X_REQUEST_ID;

/// Headers that concern one connection alone (RFC 9110, 7.6.1), beside those that `Connection` names.
pub(crate) const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Headers that the gateway sets from what it sees itself, or extends, as a client could have made them up. (The server has
/// answered `Expect`.) Cookies are the gateway's alone: the page's session has one, which no service may see.
pub(crate) const REQUEST_SET_BY_GATEWAY: [&str; 9] = [
    "content-length",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "traceparent",
    "tracestate",
    "x-real-ip",
    X_REQUEST_ID,
];

/// Other headers that the gateway, its server or a service reads, as far as they have a hyphen in their name.
const READ_HEADERS: [&str; 7] = [
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "content-encoding",
    "content-type",
    IDEMPOTENCY_KEY,
    "last-event-id",
];

/// The header with the key that makes a POST safe to repeat.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The prefix of headers about forwarding.
pub(crate) const X_FORWARDED: &str = "x-forwarded-";

/// Whether a header of this name, in lower case, has a meaning.
pub(crate) fn has_meaning(name: &str) -> bool {
    let mut names = HOP_BY_HOP.iter().chain(&REQUEST_SET_BY_GATEWAY).chain(&READ_HEADERS);
    name.starts_with(X_FORWARDED) || names.any(|&known| known == name)
}
