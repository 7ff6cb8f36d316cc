//! Which heads of requests are refused, beside those that the server's parser refuses.

use crate::error::Error;
use crate::proxy::has_meaning;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, Uri};
use std::net::Ipv6Addr;

/// What services may be asked. TRACE would show headers that the gateway adds, CONNECT asks for a tunnel (RFC 9110, 9.3).
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH];

/// The most bytes of a host's name (RFC 1035, 2.3.4), which the gateway repeats in headers for the service.
const MAX_NAME_BYTES: usize = 255;

/// The most headers that a request may have. A service takes 96, and the gateway adds some.
const MAX_HEADERS: usize = 86;

/// Refuses what cannot be passed on as it was meant.
pub(super) fn check(request: &HttpRequest) -> Result<(), Error> {
    if !METHODS.contains(request.method()) {
        return Err(Error::Method);
    }
    let headers = request.headers();
    bound_number(headers)?;
    refuse_underscores(headers)?;
    refuse_streams(headers)?;
    check_host(headers)?;
    check_target(request.uri())
}

/// The host that a client asks for; in a target of absolute form it counts more than `Host` (RFC 9112, 3.2.2).
pub(super) fn host(request: &HttpRequest) -> Option<&str> {
    let authority = request.uri().authority().map(Authority::as_str);
    authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
}

fn bound_number(headers: &HeaderMap) -> Result<(), Error> {
    if headers.len() > MAX_HEADERS { Err(Error::TooManyHeaders) } else { Ok(()) }
}

/// `x_real_ip` is `x-real-ip` to software that speaks CGI. Other names with underscores are dropped with the headers that go
/// no further.
fn refuse_underscores(headers: &HeaderMap) -> Result<(), Error> {
    let mut with_underscore = headers.keys().map(HeaderName::as_str).filter(|name| name.contains('_'));
    if with_underscore.any(|name| has_meaning(&name.replace('_', "-"))) {
        return Err(Error::HeaderName);
    }
    Ok(())
}

/// The server takes all that follows a request for a WebSocket for its body, whatever length it announces.
fn refuse_streams(headers: &HeaderMap) -> Result<(), Error> {
    let is_websocket = |value: &[u8]| value.to_ascii_lowercase().windows(9).any(|text| text == b"websocket");
    let mut upgrades = headers.get_all(header::UPGRADE);
    if headers.contains_key(header::CONTENT_LENGTH) && upgrades.any(|value| is_websocket(value.as_bytes())) {
        return Err(Error::Upgrade);
    }
    Ok(())
}

fn check_host(headers: &HeaderMap) -> Result<(), Error> {
    let is_bad = |host: &header::HeaderValue| !host.to_str().is_ok_and(is_host);
    if headers.get(header::HOST).is_some_and(is_bad) { Err(Error::Host) } else { Ok(()) }
}

/// A target of absolute form is one of HTTP, and names nobody before its host (RFC 9110, 4.2.4).
fn check_target(target: &Uri) -> Result<(), Error> {
    let is_http = matches!(target.scheme_str(), None | Some("http" | "https"));
    let is_good = target.authority().is_none_or(|authority| is_host(authority.as_str()));
    if is_http && is_good { Ok(()) } else { Err(Error::Target) }
}

/// Whether this is a name or an address, and perhaps a port.
pub(super) fn is_host(text: &str) -> bool {
    let (is_good, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address.parse::<Ipv6Addr>().is_ok(), None),
        Some((address, rest)) => {
            (address.parse::<Ipv6Addr>().is_ok() && rest.starts_with(':'), rest.get(1..))
        }
        None => {
            let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
            (is_name(name), port)
        }
    };
    is_good && port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'))
}

/// The marks that RFC 3986 allows beside these are in no name that is looked up.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in ["a", "banyan.example", "a:80", "127.0.0.1:8000", "[::1]", "[2001:db8::1]:443", "my_host"]
        {
            assert!(is_host(host), "{host}");
        }
        assert!(is_host(&"a".repeat(255)) && !is_host(&"a".repeat(256)));
        for host in [
            "", ":80", "a:", "a:b", "a:+1", "a:65536", "a b", "a,b", "a/b", "a@b", "a:1:2", "::1", "[::1",
            "[a]", "[::1]x", "[::1]:", "a%00", "a\"b",
        ] {
            assert!(!is_host(host), "{host}");
        }
    }
}
