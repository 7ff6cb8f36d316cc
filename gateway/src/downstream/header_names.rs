//! The headers of a request that mean something to the gateway, its server or a service.

use shared::server::X_REQUEST_ID;

/// What concerns one connection alone (RFC 9110, 7.6.1), beside what `Connection` names.
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

/// What is made anew from what the gateway itself sees, or extended: a client could have made it up. (`Expect` was
/// answered here.)
pub(crate) const MADE_ANEW: [&str; 8] =
    ["content-length", "expect", "forwarded", "host", "traceparent", "tracestate", "x-real-ip", X_REQUEST_ID];

/// What else the gateway, its server or a service reads of a request, as far as it has a hyphen in its name.
const READ: [&str; 6] = [
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "content-encoding",
    "content-type",
    IDEMPOTENCY_KEY,
];

/// The header whose key makes a POST safe to repeat.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// What the names of headers about forwarding begin with.
pub(crate) const X_FORWARDED: &str = "x-forwarded-";

/// Whether a header of this name, in lower case, decides something here.
pub(crate) fn has_meaning(name: &str) -> bool {
    let mut names = HOP_BY_HOP.iter().chain(&MADE_ANEW).chain(&READ);
    name.starts_with(X_FORWARDED) || names.any(|&known| known == name)
}
