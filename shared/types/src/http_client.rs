//! The HTTP client by which programs call each other.

use std::time::Duration;

/// How long a connection to another service may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a whole call may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is used again by who calls a service; shorter than the service keeps it.
pub const REUSE: Duration = Duration::from_secs(30);

/// An HTTP client with the time-outs of calls between services. Make one and share it.
pub fn http_client() -> Result<reqwest::Client, reqwest::Error> {
    http_client_with_timeout(TIMEOUT)
}

/// The same with another time-out for a whole call.
pub fn http_client_with_timeout(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // An error says that a provider is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(REUSE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}
