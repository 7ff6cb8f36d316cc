//! Which headers pass, in both directions.

use super::forwarding::write_forwarding;
use crate::downstream::client_ip::TrustedProxies;
use crate::downstream::header_names::{HOP_BY_HOP, IDEMPOTENCY_KEY, MADE_ANEW, X_FORWARDED};
use crate::error::Error;
use crate::http1::field::{Field, write_line};
use crate::request_context::RequestContext;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use shared::server::X_REQUEST_ID;
use std::fmt;
use std::io::Write as _;

/// What the gateway or its server says of an answer, whatever the service says.
const OF_THE_GATEWAY: [&str; 4] = ["content-length", "server", "x-powered-by", X_REQUEST_ID];

const ACCESS_CONTROL: &str = "access-control-";

/// The length of a request's body, as announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// There is no body.
    None,
    /// So many bytes.
    Known(u64),
    /// Known at its end.
    Unknown,
}

impl BodyLength {
    /// Writes a piece of a body of this length, which is not empty.
    pub(crate) fn write(self, piece: &[u8], out: &mut Vec<u8>) {
        if self == Self::Unknown {
            write_text(out, format_args!("{:x}\r\n", piece.len()));
        }
        out.extend_from_slice(piece);
        if self == Self::Unknown {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Writes what follows the last piece.
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

/// What a request says about its body. (A request that says both ways was refused by the server.)
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

/// Writes the headers with which a request goes to a service, which is `host`. Returns whether an idempotency key is among
/// them: one that `Connection` names, or an empty one, is none to the service.
pub(crate) fn for_service(
    out: &mut Vec<u8>,
    context: &RequestContext<'_>,
    host: &str,
    trusted: &TrustedProxies,
    length: BodyLength,
) -> bool {
    let received = context.request.headers();
    let named = ConnectionOptions::by(received.get_all(header::CONNECTION).map(HeaderValue::as_bytes));
    let mut has_key = false;
    write_line(out, "host", host.as_bytes());
    for (name, value) in received {
        let name = name.as_str();
        let is_kept = !named.drops(name) && !MADE_ANEW.contains(&name) && !name.starts_with(X_FORWARDED);
        // Some software would take it for another header.
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
    // A vector takes all there is.
    drop(out.write_fmt(text));
}

/// The head with which an answer goes to the client.
pub(crate) fn for_client(status: StatusCode, answered: &[Field<'_>]) -> HttpResponse {
    let connection = answered.iter().filter(|field| field.name.eq_ignore_ascii_case("connection"));
    let named = ConnectionOptions::by(connection.map(|field| field.value));
    let mut answer = HttpResponse::new(status);
    for field in answered {
        let Ok(name) = HeaderName::from_bytes(field.name.as_bytes()) else { continue };
        let text = name.as_str();
        if named.drops(text) || OF_THE_GATEWAY.contains(&text) || text.starts_with(ACCESS_CONTROL) {
            continue;
        }
        // The parser takes no value that is none.
        if let Ok(value) = HeaderValue::from_bytes(field.value) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

/// The headers that `Connection` names.
struct ConnectionOptions<'a>(Vec<&'a [u8]>);

impl<'a> ConnectionOptions<'a> {
    fn by(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let names = values.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        // Most name only what goes no further anyway.
        Self(names.filter(|name| !name.eq_ignore_ascii_case(b"keep-alive")).collect())
    }

    /// Whether a header of this name, in lower case, goes no further.
    fn drops(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.0.iter().any(|named| named.eq_ignore_ascii_case(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_connection_names_is_dropped_in_any_case() {
        let named = ConnectionOptions::by([&b"close, X-One"[..], &b"x-two"[..]].into_iter());
        for name in ["x-one", "x-two", "close", "te", "keep-alive"] {
            assert!(named.drops(name), "{name}");
        }
        assert!(!named.drops("authorization"));
    }
}
