//! From a name to addresses.
//!
//! hickory asks, not the C library, so that a look-up takes no thread, ends in time, and goes in production the way that
//! the tests go, who bring a name server of their own. It reads `/etc/hosts` and `/etc/resolv.conf` (search domains and
//! `ndots` too), asks for IPv4 and IPv6, and by TCP where an answer is too long for UDP. A resolver is made for each
//! look-up: it can have cached nothing, whatever a TTL says, and sees both files as they are now.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Who is asked for the addresses of a name. No variable sets it; tests do.
#[derive(Debug, Clone, Copy, Default)]
pub enum Resolution {
    /// Whom the machine asks: its hosts file, then the name servers of `/etc/resolv.conf`.
    #[default]
    System,
    /// This name server alone.
    Nameserver(SocketAddr),
}

/// For one try; there are [`TRIES`] of them.
const PATIENCE: Duration = Duration::from_secs(1);
const TRIES: usize = 2;

/// All addresses of a name: none where it has none, and an error where nobody said so.
pub(super) async fn addresses(name: &str, resolution: Resolution) -> Result<Vec<IpAddr>, NetError> {
    match resolver(resolution)?.lookup_ip(name).await {
        Ok(found) => Ok(found.iter().collect()),
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn resolver(resolution: Resolution) -> Result<TokioResolver, NetError> {
    let mut builder = match resolution {
        Resolution::System => TokioResolver::builder_tokio().unwrap_or_else(|_| of_hosts_file()),
        Resolution::Nameserver(address) => of_name_server(address),
    };
    let options = builder.options_mut();
    options.cache_size = 0;
    options.timeout = PATIENCE;
    options.attempts = TRIES;
    builder.build()
}

type Builder = hickory_resolver::ResolverBuilder<TokioRuntimeProvider>;

/// A machine without a name server knows the names of its hosts file.
fn of_hosts_file() -> Builder {
    TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default())
}

fn of_name_server(address: SocketAddr) -> Builder {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    builder
}
