//! Which headers of requests and responses are passed on.

use super::forwarded_headers::set_forwarding;
use super::request_head::RequestHeaders;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::header_names::{HOP_BY_HOP, IDEMPOTENCY_KEY, REQUEST_SET_BY_GATEWAY, X_FORWARDED};
use crate::error::Error;
use crate::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::Response;
use shared_web::telemetry::X_REQUEST_ID;

/// Headers of a response that the gateway or its server sets, whatever the service says.
const RESPONSE_SET_BY_GATEWAY: [&str; 5] =
    ["content-length", "server", "set-cookie", "x-powered-by", X_REQUEST_ID];

/// The prefix of the headers of CORS, which the gateway sets.
const ACCESS_CONTROL: &str = "access-control-";

static REQUEST_ID: hyper::header::HeaderName = hyper::header::HeaderName::from_static(X_REQUEST_ID);

/// The announced length of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// There is no body.
    None,
    /// `Content-Length`.
    Known(u64),
    /// `Transfer-Encoding: chunked`.
    Unknown,
}

/// The announced length of a request's body. (The server has refused a request that announces it in two ways.)
pub(crate) fn body_length(headers: &HeaderMap) -> Result<BodyLength, Error> {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return Ok(BodyLength::Unknown);
    }
    let Some(length) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(BodyLength::None);
    };
    let length = length.to_str().ok().and_then(|length| length.parse().ok());
    length.map(BodyLength::Known).ok_or(Error::InvalidTarget)
}

/// Sets the headers of a request to a service, whose `Host` is `host`. Returns whether an idempotency key is among them: one that
/// `Connection` names, or an empty one, is none to the service.
pub(super) fn set_request_headers(
    headers: &mut RequestHeaders,
    context: &RequestContext<'_>,
    host: &str,
    trusted: &TrustedProxies,
    length: BodyLength,
) -> bool {
    let received = context.request.headers();
    let options = ConnectionOptions::parse(received.get_all(header::CONNECTION).map(HeaderValue::as_bytes));
    let mut has_key = false;
    headers.append(hyper::header::HOST, host.as_bytes());
    if let Some(authorization) = &context.authorization {
        headers.append(hyper::header::AUTHORIZATION, authorization.as_bytes());
    }
    for (name, value) in received {
        let name = name.as_str();
        let is_replaced = name == header::AUTHORIZATION && context.authorization.is_some();
        let is_kept = !is_replaced
            && !options.names(name)
            && !REQUEST_SET_BY_GATEWAY.contains(&name)
            && !name.starts_with(X_FORWARDED);
        // Software that speaks CGI would take it for another header.
        if is_kept && !name.contains('_') {
            headers.append_received(name, value.as_bytes());
            has_key |= name == IDEMPOTENCY_KEY && !value.as_bytes().trim_ascii().is_empty();
        }
    }
    match length {
        BodyLength::None => {}
        BodyLength::Known(length) => {
            headers.append(hyper::header::CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
        }
        BodyLength::Unknown => headers.append(hyper::header::TRANSFER_ENCODING, b"chunked"),
    }
    set_forwarding(headers, context.request, trusted);
    headers.append(REQUEST_ID.clone(), context.trace.request_id.as_bytes());
    has_key
}

/// The head of the response to the client.
pub(super) fn response_head<B>(response: &Response<B>) -> HttpResponse {
    let received = response.headers();
    let connection = received.get_all(hyper::header::CONNECTION).iter();
    let options = ConnectionOptions::parse(connection.map(hyper::header::HeaderValue::as_bytes));
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut head = HttpResponse::new(status);
    for (name, value) in received {
        let text = name.as_str();
        if options.names(text) || RESPONSE_SET_BY_GATEWAY.contains(&text) || text.starts_with(ACCESS_CONTROL)
        {
            continue;
        }
        // Both are of another version of the crate `http`, which takes what this one has taken.
        let name = HeaderName::from_bytes(text.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            head.headers_mut().append(name, value);
        }
    }
    head
}

/// Connection options: the names of headers in `Connection` (RFC 9110, 7.6.1).
struct ConnectionOptions<'a>(Vec<&'a [u8]>);

impl<'a> ConnectionOptions<'a> {
    fn parse(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let names = values.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        // Most name only what is not passed on anyway.
        Self(names.filter(|name| !name.eq_ignore_ascii_case(b"keep-alive")).collect())
    }

    /// Whether a header of this name, in lower case, is not passed on.
    fn names(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.0.iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_named_by_connection_are_dropped_in_any_case() {
        let options = ConnectionOptions::parse([&b"close, X-One"[..], &b"x-two"[..]].into_iter());
        for name in ["x-one", "x-two", "close", "te", "keep-alive"] {
            assert!(options.names(name), "{name}");
        }
        assert!(!options.names("authorization"));
    }
}
