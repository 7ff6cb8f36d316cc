//! An address that requests are sent to.

use crate::error::Error;
use hyper::Uri;
use hyper::http::uri::{Authority, InvalidUri, PathAndQuery, Scheme};
use reqwest::Url;

/// One process of a service.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    scheme: Scheme,
    authority: Authority,
}

impl Replica {
    /// The process at a base URL.
    pub(super) fn at(base: &Url) -> Result<Self, InvalidUri> {
        let scheme = if base.scheme() == "https" { Scheme::HTTPS } else { Scheme::HTTP };
        let host = base.host_str().unwrap_or_default();
        let authority = base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Ok(Self { scheme, authority: authority.parse()? })
    }

    /// Whether it is reached over TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The URI of a path and query there, as they are. (A `Url` would rewrite both.)
    pub(super) fn uri(&self, target: PathAndQuery) -> Result<Uri, Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(target)
            .build()
            .map_err(|_| Error::Target)
    }
}
