//! Name resolution.
//!
//! hickory resolves, not the C library, so that a look-up takes no thread, ends in time, and goes in production the way that
//! the tests go, which bring a DNS server of their own. It reads `/etc/hosts` and `/etc/resolv.conf` (search domains and
//! `ndots` too), asks for IPv4 and IPv6, and by TCP where an answer is too long for UDP. Each look-up makes a resolver: it has
//! cached nothing, whatever a TTL says, and sees both files as they are now.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Which resolver looks names up. No variable sets it; tests do.
#[derive(Debug, Clone, Copy, Default)]
pub enum Resolution {
    /// The machine's: its hosts file, then the DNS servers of `/etc/resolv.conf`.
    #[default]
    System,
    /// This DNS server alone.
    Nameserver(SocketAddr),
}

/// One of [`LOOKUP_ATTEMPTS`].
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);
const LOOKUP_ATTEMPTS: usize = 2;

/// All addresses of a name. A name without addresses gives none; a look-up that failed is an error.
pub(super) async fn look_up(name: &str, resolution: Resolution) -> Result<Vec<IpAddr>, NetError> {
    match resolver(resolution)?.lookup_ip(name).await {
        Ok(found) => Ok(found.iter().collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn resolver(resolution: Resolution) -> Result<TokioResolver, NetError> {
    let mut builder = match resolution {
        Resolution::System => TokioResolver::builder_tokio().unwrap_or_else(|_| with_hosts_file()),
        Resolution::Nameserver(address) => with_dns_server(address),
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = LOOKUP_TIMEOUT;
    options.attempts = LOOKUP_ATTEMPTS;
    builder.build()
}

type Builder = hickory_resolver::ResolverBuilder<TokioRuntimeProvider>;

/// A machine without a DNS server resolves the names of its hosts file.
fn with_hosts_file() -> Builder {
    TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
}

fn with_dns_server(address: SocketAddr) -> Builder {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    builder
}
