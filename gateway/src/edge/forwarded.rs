//! Who the client is, behind proxies whose word on it is taken.

use super::host;
use crate::http1::write_line;
use actix_web::HttpRequest;
use actix_web::web::Data;
use ipnet::IpNet;
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The bytes that what is said of one hop has at most, with most hosts.
const HOP: usize = 0x80;

/// The proxies before the gateway. What any other peer says of where its requests come from could be made up.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl FromStr for TrustedProxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let network = |text: &str| {
            let network = text.parse().or_else(|_| text.parse().map(|address: IpAddr| address.into()));
            network.map_err(|_| format!("{text:?} is no network"))
        };
        text.split(',').map(|text| network(text.trim())).collect::<Result<_, _>>().map(Self)
    }
}

impl TrustedProxies {
    fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The address of the client: of all through which the request has come, the last that is no trusted proxy.
pub(crate) fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let trusted = request.app_data::<Data<TrustedProxies>>();
    let is_trusted = |address| trusted.is_some_and(|trusted| trusted.contain(address));
    let mut address = peer(request)?;
    if !is_trusted(address) {
        return Some(address);
    }
    let hops = sent(request, X_FORWARDED_FOR).unwrap_or_default();
    let mut hops = hops.rsplit(',').map(|hop| address_of(hop.trim()));
    while is_trusted(address)
        && let Some(Some(before)) = hops.next()
    {
        address = before;
    }
    Some(address)
}

/// The address that counts for limits; `None` where none does: for a peer on this machine that is no trusted proxy, or that
/// names no client. It may be a proxy that nobody has named, with all clients behind its one address.
pub(crate) fn limited_address(request: &HttpRequest) -> Option<IpAddr> {
    let address = client_address(request)?;
    let is_told = || sent(request, X_FORWARDED_FOR).is_some() && is_of_trusted_proxy(request);
    (!address.is_loopback() || is_told()).then_some(address)
}

/// Writes the headers that tell a service where a request comes from: extended where a trusted proxy sends them, made
/// anew for any other peer.
pub(crate) fn write_forwarding(out: &mut Vec<u8>, request: &HttpRequest) {
    let peer = peer(request);
    let is_trusted = is_of_trusted_proxy(request);
    let before = |name| is_trusted.then(|| sent(request, name)).flatten();
    let host = host(request);
    let mut line = |name, value: &str| write_line(out, name, value.as_bytes());
    let address = peer.map(text_of);
    line("forwarded", &extended(before("forwarded"), &forwarded(address.as_deref(), host)));
    if let Some(address) = &address {
        line(X_FORWARDED_FOR, &extended(before(X_FORWARDED_FOR), address));
    }
    let told = before("x-forwarded-host");
    if let Some(host) = told.as_deref().or(host) {
        line("x-forwarded-host", host);
    }
    line("x-forwarded-proto", before("x-forwarded-proto").as_deref().unwrap_or("http"));
    let client = is_trusted.then(|| client_address(request)).flatten().map(text_of);
    if let Some(client) = client.or(address) {
        line("x-real-ip", &client);
    }
}

fn extended(before: Option<String>, last: &str) -> Cow<'_, str> {
    before.map_or(Cow::Borrowed(last), |before| format!("{before}, {last}").into())
}

pub(super) fn is_of_trusted_proxy(request: &HttpRequest) -> bool {
    let trusted = request.app_data::<Data<TrustedProxies>>();
    peer(request).zip(trusted).is_some_and(|(peer, trusted)| trusted.contain(peer))
}

fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip().to_canonical())
}

/// All values of a header as one; `None` where it is not there or cannot be read.
pub(super) fn sent(request: &HttpRequest, name: &str) -> Option<String> {
    let values: Option<Vec<_>> = request.headers().get_all(name).map(|value| value.to_str().ok()).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

/// What `Display` gives, which takes ten times as long for the addresses that most clients have.
fn text_of(address: IpAddr) -> String {
    let IpAddr::V4(address) = address else {
        return address.to_string();
    };
    let mut text = String::with_capacity("255.255.255.255".len());
    for octet in address.octets() {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(itoa::Buffer::new().format(octet));
    }
    text
}

/// An address as proxies write it, with a port or without.
fn address_of(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

/// A hop by RFC 7239, with quotes, which it asks for around colons.
fn forwarded(address: Option<&str>, host: Option<&str>) -> String {
    let mut hop = String::with_capacity(HOP);
    hop.push_str("for=");
    match address {
        Some(address) if address.contains(':') => hop.extend(["\"[", address, "]\""]),
        address => hop.push_str(address.unwrap_or("unknown")),
    }
    if let Some(host) = host {
        hop.extend([";host=\"", host, "\""]);
    }
    hop.push_str(";proto=http");
    hop
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(trusted: &str, peer: &str, hops: &[&str]) -> String {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let mut request = TestRequest::default().peer_addr(peer).app_data(Data::new(trusted));
        for hop in hops {
            request = request.append_header((X_FORWARDED_FOR, *hop));
        }
        client_address(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn an_address_is_written_as_it_is_displayed() {
        for address in ["0.0.0.0", "127.0.0.1", "10.20.200.9", "255.255.255.255", "::1", "2001:db8::1"] {
            assert_eq!(text_of(address.parse().unwrap()), address);
        }
    }

    #[test]
    fn forwarded_quotes_what_has_colons() {
        let v4 = forwarded(Some("192.0.2.1"), Some("api:8000"));
        assert_eq!(v4, r#"for=192.0.2.1;host="api:8000";proto=http"#);
        assert_eq!(forwarded(Some("2001:db8::1"), None), r#"for="[2001:db8::1]";proto=http"#);
        assert_eq!(forwarded(None, None), "for=unknown;proto=http");
    }

    #[test]
    fn the_client_is_the_last_that_is_no_trusted_proxy() {
        let trusted = "10.0.0.0/8, 192.0.2.7, fd00::/8";
        for (peer, hops, expected) in [
            ("198.51.100.1", &["203.0.113.5"][..], "198.51.100.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.5"], "203.0.113.5"),
            ("10.0.0.1", &["6.6.6.6, 203.0.113.5, 10.9.9.9", "192.0.2.7"], "203.0.113.5"),
            ("::ffff:10.0.0.1", &["6.6.6.6,203.0.113.5:4711"], "203.0.113.5"),
            ("fd00::1", &["[2001:db8::1]:80"], "2001:db8::1"),
            ("10.0.0.1", &["10.0.0.2, 10.0.0.3"], "10.0.0.2"),
            ("10.0.0.1", &["6.6.6.6, unknown, 10.0.0.3"], "10.0.0.3"),
        ] {
            assert_eq!(client(trusted, peer, hops), expected, "{peer} {hops:?}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for wrong in ["10.0.0.0/33", "10.0.0", "example", "10.0.0.0/8,", "*"] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
    }
}
