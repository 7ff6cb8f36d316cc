//! The HTTP client of calls between services.

use std::time::Duration;

/// The time-out of connecting to another service.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The time-out of a whole call.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client keeps an idle connection to a service; shorter than the service's own idle time-out, so that the client
/// closes first.
pub const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// An HTTP client with the time-outs of calls between services. It holds a pool: create one and share it.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    http_client_with_timeout(CALL_TIMEOUT)
}

/// The same with another time-out for a whole call.
pub fn http_client_with_timeout(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // It fails if a provider is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
