//! The host of a request.

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::http::uri::Authority;
use std::net::Ipv6Addr;

/// The most bytes of a host's name (RFC 1035, 2.3.4), which the gateway repeats in headers for the service.
const MAX_NAME_BYTES: usize = 255;

/// The host that a client requests; one in a target of absolute form takes precedence over `Host` (RFC 9112, 3.2.2).
pub(crate) fn host(request: &HttpRequest) -> Option<&str> {
    let authority = request.uri().authority().map(Authority::as_str);
    authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
}

/// Whether a text is a name or an address, with or without a port.
pub(crate) fn is_host(text: &str) -> bool {
    let (is_valid, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, "")) => (address.parse::<Ipv6Addr>().is_ok(), None),
        Some((address, rest)) => {
            (address.parse::<Ipv6Addr>().is_ok() && rest.starts_with(':'), rest.get(1..))
        }
        None => {
            let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
            (is_name(name), port)
        }
    };
    is_valid && port.is_none_or(|port| port.parse::<u16>().is_ok() && !port.starts_with('+'))
}

/// RFC 3986 allows more characters, but no name of DNS has them.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_with_or_without_a_port() {
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
