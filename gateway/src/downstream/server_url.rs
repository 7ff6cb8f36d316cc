//! The URL by which clients reach the gateway: what they have requested, or what a trusted proxy says that they have.

use super::client_ip::{TrustedProxies, header_value};
use super::host::{host, is_host};
use actix_web::HttpRequest;
use reqwest::Url;

/// The URL of the server that this request was sent to, without a slash at its end; empty where the request names no host.
pub(crate) fn server_url(request: &HttpRequest, trusted: &TrustedProxies) -> String {
    let prefix = path_prefix(request, trusted);
    scheme_and_host(request, trusted).map_or(prefix.clone(), |server| server + &prefix)
}

/// The origin of the gateway's pages, as browsers send it; `None` where the request names no host.
pub(crate) fn origin(request: &HttpRequest, trusted: &TrustedProxies) -> Option<String> {
    let url = Url::parse(&scheme_and_host(request, trusted)?).ok()?;
    Some(url.origin().ascii_serialization())
}

/// Whether the client speaks TLS, with a trusted proxy.
pub(crate) fn is_secure(request: &HttpRequest, trusted: &TrustedProxies) -> bool {
    forwarded(request, trusted, "x-forwarded-proto", is_scheme).is_some_and(|scheme| scheme == "https")
}

/// Scheme and host, as `https://api.example`.
fn scheme_and_host(request: &HttpRequest, trusted: &TrustedProxies) -> Option<String> {
    let scheme = if is_secure(request, trusted) { "https" } else { "http" };
    let forwarded_host = forwarded(request, trusted, "x-forwarded-host", is_host);
    forwarded_host.as_deref().or_else(|| host(request)).map(|host| format!("{scheme}://{host}"))
}

/// The prefix that a trusted proxy cuts off every path, without a slash at its end; empty if it names none.
pub(crate) fn path_prefix(request: &HttpRequest, trusted: &TrustedProxies) -> String {
    let prefix = forwarded(request, trusted, "x-forwarded-prefix", is_path);
    prefix.map(|prefix| prefix.trim_end_matches('/').to_owned()).unwrap_or_default()
}

/// The value of a trusted proxy's header; of several, the one of the hop nearest to the client.
fn forwarded(
    request: &HttpRequest,
    trusted: &TrustedProxies,
    name: &str,
    is_valid: impl Fn(&str) -> bool,
) -> Option<String> {
    let values = header_value(request, name).filter(|_| trusted.have_sent(request))?;
    let first = values.split(',').next()?.trim();
    is_valid(first).then(|| first.to_owned())
}

fn is_scheme(text: &str) -> bool {
    matches!(text, "http" | "https")
}

fn is_path(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.starts_with('/') && !text.contains("//") && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use std::net::SocketAddr;

    fn url(peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        with_request(peer, headers, server_url)
    }

    fn with_request<T>(
        peer: &str,
        headers: &[(&'static str, &'static str)],
        asked: impl Fn(&HttpRequest, &TrustedProxies) -> T,
    ) -> T {
        let trusted: TrustedProxies = "10.0.0.0/8".parse().unwrap();
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let mut request = TestRequest::with_uri("/").peer_addr(peer);
        for header in headers {
            request = request.append_header(*header);
        }
        asked(&request.to_http_request(), &trusted)
    }

    #[test]
    fn the_url_is_what_a_trusted_proxy_says() {
        let host = ("host", "inside:8000");
        let forwarded = [
            host,
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-host", "api.example"),
            ("x-forwarded-prefix", "/chat/"),
        ];
        assert_eq!(url("10.1.1.1", &forwarded), "https://api.example/chat");
        assert_eq!(url("192.0.2.1", &forwarded), "http://inside:8000");
        assert_eq!(url("192.0.2.1", &[host]), "http://inside:8000");
        assert_eq!(url("192.0.2.1", &[]), "");
    }

    #[test]
    fn the_origin_is_what_a_browser_sends() {
        let host = ("host", "Inside:80");
        let tls = ("x-forwarded-proto", "https");
        let forwarded = [host, tls, ("x-forwarded-host", "api.example:443"), ("x-forwarded-prefix", "/chat")];
        assert_eq!(with_request("10.1.1.1", &forwarded, origin).unwrap(), "https://api.example");
        assert!(with_request("10.1.1.1", &forwarded, is_secure));
        assert_eq!(with_request("192.0.2.1", &forwarded, origin).unwrap(), "http://inside");
        assert!(!with_request("192.0.2.1", &forwarded, is_secure));
        assert_eq!(with_request("192.0.2.1", &[tls], origin), None);
    }

    #[test]
    fn an_invalid_host_scheme_or_prefix_is_ignored() {
        let host = ("host", "inside:8000");
        for bad in [
            ("x-forwarded-host", "a/b"),
            ("x-forwarded-proto", "javascript"),
            ("x-forwarded-prefix", "//elsewhere.example"),
            ("x-forwarded-prefix", "/\"><script>"),
            ("x-forwarded-prefix", "elsewhere"),
        ] {
            assert_eq!(url("10.1.1.1", &[host, bad]), "http://inside:8000", "{bad:?}");
        }
    }
}
