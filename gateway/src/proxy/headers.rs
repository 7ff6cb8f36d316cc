//! Which headers pass, in both directions.

use crate::edge::forwarding_headers;
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use hyper::header::{HeaderMap as Headers, HeaderName, HeaderValue};
use shared::server::{Trace, X_REQUEST_ID};

/// What concerns one connection alone (RFC 9110, 7.6.1), beside what `Connection` names.
const HOP_BY_HOP: [&str; 9] = [
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
const MADE_ANEW: [&str; 6] = ["content-length", "expect", "forwarded", "host", "x-real-ip", X_REQUEST_ID];

/// What the gateway or its server says of an answer, whatever the service says.
const OF_THE_GATEWAY: [&str; 4] = ["content-length", "server", "x-powered-by", X_REQUEST_ID];

const ACCESS_CONTROL: &str = "access-control-";
const X_FORWARDED: &str = "x-forwarded-";

/// The length of a request's body, as announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyLength {
    /// So many bytes; 0 where there is no body.
    Known(u64),
    /// Known at its end.
    Unknown,
}

/// What a request says about its body. (A request that says both ways was refused by the server.)
pub(super) fn body_length(headers: &HeaderMap) -> Result<BodyLength, Error> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(BodyLength::Unknown);
    }
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(BodyLength::Known(0));
    };
    let length = length.to_str().ok().and_then(|length| length.parse().ok());
    length.map(BodyLength::Known).ok_or(Error::Target)
}

/// The headers with which a request goes to a service, which is `host`.
pub(super) fn for_service(
    request: &HttpRequest,
    host: &HeaderValue,
    trace: &Trace,
) -> Result<Headers, Error> {
    let sent = request.headers();
    let named = Named::by(sent.get_all(header::CONNECTION).map(header::HeaderValue::as_bytes));
    let mut headers = Headers::with_capacity(sent.len() + 6);
    headers.insert(hyper::header::HOST, host.clone());
    for (name, value) in sent {
        let name = name.as_str();
        if named.drops(name) || MADE_ANEW.contains(&name) || name.starts_with(X_FORWARDED) {
            continue;
        }
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Error::HeaderName)?;
        headers.append(name, HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Error::Target)?);
    }
    let request_id = (X_REQUEST_ID, Some(trace.request_id.clone()));
    for (name, value) in forwarding_headers(request).into_iter().chain([request_id]) {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    Ok(headers)
}

/// The headers with which an answer goes to the client.
pub(super) fn for_client(answered: &Headers) -> HeaderMap {
    let named = Named::by(answered.get_all(hyper::header::CONNECTION).iter().map(HeaderValue::as_bytes));
    let mut headers = HeaderMap::with_capacity(answered.len());
    for (name, value) in answered {
        let name = name.as_str();
        if named.drops(name) || OF_THE_GATEWAY.contains(&name) || name.starts_with(ACCESS_CONTROL) {
            continue;
        }
        // What one version of the crate takes, the other takes, too.
        if let (Ok(name), Ok(value)) = (
            header::HeaderName::from_bytes(name.as_bytes()),
            header::HeaderValue::from_bytes(value.as_bytes()),
        ) {
            headers.append(name, value);
        }
    }
    headers
}

/// The headers that `Connection` names.
struct Named(Vec<String>);

impl Named {
    fn by<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let values = values.map(String::from_utf8_lossy);
        let names = values.flat_map(|value| {
            value.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>()
        });
        Self(names.collect())
    }

    fn drops(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.0.iter().any(|named| named == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_is_dropped_in_any_case() {
        let named = Named::by([&b"close, X-One"[..], &b"x-two"[..]].into_iter());
        for name in ["x-one", "x-two", "close", "te", "keep-alive"] {
            assert!(named.drops(name), "{name}");
        }
        assert!(!named.drops("authorization"));
    }
}
