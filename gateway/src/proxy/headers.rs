//! Which headers of requests and responses are passed on.

use super::forwarding::write_forwarding;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::header_names::{HOP_BY_HOP, IDEMPOTENCY_KEY, REQUEST_SET_BY_GATEWAY, X_FORWARDED};
use crate::error::Error;
use crate::http1::field::{Field, write_line};
use crate::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use shared_web::telemetry::X_REQUEST_ID;
use std::fmt;
use std::io::Write as _;

/// Headers of a response that the gateway or its server sets, whatever the service says.
const RESPONSE_SET_BY_GATEWAY: [&str; 4] = ["content-length", "server", "x-powered-by", X_REQUEST_ID];

/// The prefix of the headers of CORS, which the gateway sets.
const ACCESS_CONTROL: &str = "access-control-";

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

impl BodyLength {
    /// Writes a piece of the body, which is not empty.
    pub(crate) fn write(self, piece: &[u8], out: &mut Vec<u8>) {
        if self == Self::Unknown {
            write_text(out, format_args!("{:x}\r\n", piece.len()));
        }
        out.extend_from_slice(piece);
        if self == Self::Unknown {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Writes the end of the body, after the last piece.
    pub(crate) fn end(self, out: &mut Vec<u8>) {
        if self == Self::Unknown {
            out.extend_from_slice(b"0\r\n\r\n");
        }
    }

    fn write_header(self, out: &mut Vec<u8>) {
        match self {
            Self::None => {}
            Self::Known(length) => write_text(out, format_args!("content-length: {length}\r\n")),
            Self::Unknown => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
    }
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
    length.map(BodyLength::Known).ok_or(Error::Target)
}

/// Writes the headers of a request to a service, whose `Host` is `host`. Returns whether an idempotency key is among them: one
/// that `Connection` names, or an empty one, is none to the service.
pub(super) fn write_request_headers(
    out: &mut Vec<u8>,
    context: &RequestContext<'_>,
    host: &str,
    trusted: &TrustedProxies,
    length: BodyLength,
) -> bool {
    let received = context.request.headers();
    let options = ConnectionOptions::parse(received.get_all(header::CONNECTION).map(HeaderValue::as_bytes));
    let mut has_key = false;
    write_line(out, "host", host.as_bytes());
    for (name, value) in received {
        let name = name.as_str();
        let is_kept =
            !options.names(name) && !REQUEST_SET_BY_GATEWAY.contains(&name) && !name.starts_with(X_FORWARDED);
        // Software that speaks CGI would take it for another header.
        if is_kept && !name.contains('_') {
            write_line(out, name, value.as_bytes());
            has_key |= name == IDEMPOTENCY_KEY && !value.as_bytes().trim_ascii().is_empty();
        }
    }
    length.write_header(out);
    write_forwarding(out, context.request, trusted);
    write_line(out, X_REQUEST_ID, context.trace.request_id.as_bytes());
    has_key
}

fn write_text(out: &mut Vec<u8>, text: fmt::Arguments<'_>) {
    // Writing to a vector cannot fail.
    drop(out.write_fmt(text));
}

/// The head of the response to the client.
pub(super) fn response_head(status: StatusCode, fields: &[Field<'_>]) -> HttpResponse {
    let connection = fields.iter().filter(|field| field.name.eq_ignore_ascii_case("connection"));
    let options = ConnectionOptions::parse(connection.map(|field| field.value));
    let mut head = HttpResponse::new(status);
    for field in fields {
        let Ok(name) = HeaderName::from_bytes(field.name.as_bytes()) else { continue };
        let text = name.as_str();
        if options.names(text) || RESPONSE_SET_BY_GATEWAY.contains(&text) || text.starts_with(ACCESS_CONTROL)
        {
            continue;
        }
        // The parser has checked the value.
        if let Ok(value) = HeaderValue::from_bytes(field.value) {
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
