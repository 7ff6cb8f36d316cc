//! The client's IP address, behind trusted proxies.

use actix_web::HttpRequest;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The header with the addresses that a request has passed, the client's first.
pub(crate) const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The proxies before the gateway. Any other peer could have made up its forwarding headers.
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

    /// Whether a request comes from a trusted proxy.
    pub(crate) fn have_sent(&self, request: &HttpRequest) -> bool {
        peer(request).is_some_and(|peer| self.contain(peer))
    }

    /// The client's address: the last hop that is no trusted proxy.
    pub(crate) fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let mut address = peer(request)?;
        if !self.contain(address) {
            return Some(address);
        }
        let hops = header_value(request, X_FORWARDED_FOR).unwrap_or_default();
        let mut hops = hops.rsplit(',').map(|hop| parse_hop(hop.trim()));
        while self.contain(address)
            && let Some(Some(before)) = hops.next()
        {
            address = before;
        }
        Some(address)
    }

    /// The address for rate limits; `None` for a peer on this machine that is no trusted proxy, or that names no client. It may be
    /// a proxy that is not configured as trusted, with all clients behind its one address.
    pub(crate) fn limited_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let address = self.client_address(request)?;
        let is_named = || header_value(request, X_FORWARDED_FOR).is_some() && self.have_sent(request);
        (!address.is_loopback() || is_named()).then_some(address)
    }
}

/// The address of the connection's peer.
pub(crate) fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|address| address.ip().to_canonical())
}

/// All values of a header, joined; `None` if it is absent or not ASCII.
pub(crate) fn header_value(request: &HttpRequest, name: &str) -> Option<String> {
    let values: Option<Vec<_>> = request.headers().get_all(name).map(|value| value.to_str().ok()).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.join(", "))
}

/// Parses an address with or without a port.
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let address = hop.parse().or_else(|_| hop.parse().map(|address: SocketAddr| address.ip()));
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn client(trusted: &str, peer: &str, hops: &[&str]) -> String {
        let peer = SocketAddr::new(peer.parse().unwrap(), 1);
        let trusted: TrustedProxies = trusted.parse().unwrap();
        let mut request = TestRequest::default().peer_addr(peer);
        for hop in hops {
            request = request.append_header((X_FORWARDED_FOR, *hop));
        }
        trusted.client_address(&request.to_http_request()).unwrap().to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_trusted_proxy() {
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
    fn an_invalid_network_is_refused() {
        for wrong in ["10.0.0.0/33", "10.0.0", "example", "10.0.0.0/8,", "*"] {
            assert!(wrong.parse::<TrustedProxies>().is_err(), "{wrong}");
        }
    }
}
