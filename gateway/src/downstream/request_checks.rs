//! Which heads of requests are refused, beside those that the server's parser refuses.

use super::header_names::has_meaning;
use super::host::is_host;
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::{Method, Uri};

/// What services may be asked. TRACE would show headers that the gateway adds, CONNECT asks for a tunnel (RFC 9110, 9.3).
const METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH];

/// The most headers that a request may have. A service takes 96, and the gateway adds some.
const MAX_HEADERS: usize = 86;

/// Refuses what cannot be passed on as it was meant.
pub(crate) fn check(request: &HttpRequest) -> Result<(), Error> {
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
