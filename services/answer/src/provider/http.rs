//! The HTTP client of calls to providers.

use super::address::CheckedResolver;
use reqwest::redirect::Policy;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// llama.cpp closes idle connections after 5 s: the client closes first.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// A client without redirects and proxies, which would lead to addresses that nobody has checked.
pub fn client() -> Result<reqwest::Client, reqwest::Error> {
    // It fails if a provider of cryptography is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .redirect(Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(CheckedResolver))
        .build()
}
