//! An origin: scheme, host and port of a service's URL.

use reqwest::Url;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::net::IpAddr;
use std::sync::Arc;
use tokio_rustls::TlsConnector;

/// Scheme, host and port of a service.
pub(crate) struct Origin {
    pub(super) host: Host,
    /// The port of each replica.
    pub(super) port: u16,
    /// The `Host` of requests.
    pub(crate) host_header: String,
    /// TLS with the name in the certificate, the same for each replica's address; `None` for plain HTTP.
    pub(super) tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// A host.
pub(super) enum Host {
    /// An address, which is not looked up.
    Address(IpAddr),
    /// A name, whose addresses are those of the replicas.
    Name(String),
}

impl Origin {
    /// The origin of a base URL.
    pub(super) fn at(base: &Url, tls: &Arc<ClientConfig>) -> Result<Self, String> {
        let host = base.host_str().unwrap_or_default();
        let host_header = base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        if !host_header.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err("its host cannot be sent".to_owned());
        }
        let plain = host.trim_start_matches('[').trim_end_matches(']');
        let host = plain.parse().map_or_else(|_| Host::Name(plain.to_owned()), Host::Address);
        let tls = (base.scheme() == "https")
            .then(|| Ok::<_, String>((TlsConnector::from(Arc::clone(tls)), host.server_name()?)));
        Ok(Self {
            host,
            port: base.port_or_known_default().ok_or("it has no port")?,
            host_header,
            tls: tls.transpose()?,
        })
    }
}

impl Host {
    fn server_name(&self) -> Result<ServerName<'static>, String> {
        match self {
            Self::Address(address) => Ok(ServerName::from(*address)),
            Self::Name(name) => ServerName::try_from(name.clone()).map_err(|error| error.to_string()),
        }
    }
}
