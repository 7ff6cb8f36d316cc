//! Checks of requests' heads, beside those of the server's parser.

use super::header_names::has_meaning;
use super::host::is_host;
use crate::error::Error;
use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::http::{Method, Uri};

/// Methods that are passed on. TRACE would show headers that the gateway adds, CONNECT asks for a tunnel (RFC 9110, 9.3).
const IMPLEMENTED_METHODS: [Method; 7] =
    [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD, Method::PATCH];

/// The most headers that a request may have. A service takes 96, and the gateway adds some.
const MAX_HEADERS: usize = 86;

/// Refuses a head that cannot be passed on as it was meant.
pub(crate) fn check(request: &HttpRequest) -> Result<(), Error> {
    if !IMPLEMENTED_METHODS.contains(request.method()) {
        return Err(Error::MethodNotImplemented);
    }
    let headers = request.headers();
    check_header_count(headers)?;
    check_underscores(headers)?;
    check_upgrade(headers)?;
    check_host(headers)?;
    check_target(request.uri())
}

fn check_header_count(headers: &HeaderMap) -> Result<(), Error> {
    if headers.len() > MAX_HEADERS { Err(Error::TooManyHeaders) } else { Ok(()) }
}

/// `x_real_ip` is `x-real-ip` to software that speaks CGI. Other headers with underscores are not passed on.
fn check_underscores(headers: &HeaderMap) -> Result<(), Error> {
    let mut with_underscore = headers.keys().map(HeaderName::as_str).filter(|name| name.contains('_'));
    if with_underscore.any(|name| has_meaning(&name.replace('_', "-"))) {
        return Err(Error::HeaderName);
    }
    Ok(())
}

/// The server takes all that follows a request for a WebSocket as its body, whatever length it announces.
fn check_upgrade(headers: &HeaderMap) -> Result<(), Error> {
    let is_websocket = |value: &[u8]| value.to_ascii_lowercase().windows(9).any(|text| text == b"websocket");
    let mut upgrades = headers.get_all(header::UPGRADE);
    if headers.contains_key(header::CONTENT_LENGTH) && upgrades.any(|value| is_websocket(value.as_bytes())) {
        return Err(Error::UpgradeWithBody);
    }
    Ok(())
}

fn check_host(headers: &HeaderMap) -> Result<(), Error> {
    let is_invalid = |host: &header::HeaderValue| !host.to_str().is_ok_and(is_host);
    if headers.get(header::HOST).is_some_and(is_invalid) { Err(Error::InvalidHost) } else { Ok(()) }
}

/// A target of absolute form has the scheme `http` or `https`, and no user before its host (RFC 9110, 4.2.4).
fn check_target(target: &Uri) -> Result<(), Error> {
    let is_http = matches!(target.scheme_str(), None | Some("http" | "https"));
    let is_valid = target.authority().is_none_or(|authority| is_host(authority.as_str()));
    if is_http && is_valid { Ok(()) } else { Err(Error::InvalidTarget) }
}
