//! Which addresses the service connects to. The deployment's URLs may be private; link-local addresses are those of clouds'
//! metadata services, which hand out the machine's credentials.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The metadata service of AWS by IPv6, which is not link-local.
const AWS_METADATA: Ipv6Addr = Ipv6Addr::new(0xFD00, 0xEC2, 0, 0, 0, 0, 0, 0x254);

/// Whether no connection is made to this address.
pub fn is_refused(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_refused_v4(address),
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || address.is_multicast()
                || address.is_unspecified()
                || address == AWS_METADATA
                || embedded(address).is_some_and(is_refused_v4)
        }
    }
}

fn is_refused_v4(address: Ipv4Addr) -> bool {
    address.is_link_local() || address.is_multicast() || address.is_unspecified() || address.is_broadcast()
}

/// The IPv4 address that an IPv6 one leads to: mapped, compatible, or by NAT64 or 6to4.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let ([.., a, b, c, d], segments) = (address.octets(), address.segments());
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xFFFF, _, _] | [0x64, 0xFF9B, 0, 0, 0, 0, _, _] => {
            Some(Ipv4Addr::new(a, b, c, d))
        }
        [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// No address is left that may be connected to.
#[derive(Debug, thiserror::Error)]
#[error("the host has no address that is allowed")]
struct NoAddress;

/// Resolves a name once for each connection, which is made to an address that was checked, whatever the name resolves to later.
#[derive(Debug)]
pub(super) struct CheckedResolver;

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| !is_refused(address.ip())).collect();
            if allowed.is_empty() {
                return Err(NoAddress.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_resolves_to_refused_addresses_alone_has_none() {
        let resolve = |name: &str| CheckedResolver.resolve(name.parse().unwrap());
        // Resolved as names are, so that no DNS server is needed.
        assert!(resolve("169.254.169.254").await.err().unwrap().is::<NoAddress>());
        let found: Vec<SocketAddr> = resolve("127.0.0.1").await.ok().unwrap().collect();
        assert_eq!(found, [SocketAddr::from(([127, 0, 0, 1], 0))]);
    }
}
