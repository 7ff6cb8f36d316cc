#![doc = include_str!("../README.md")]
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test ends where its kit fails"
)]

mod client;
#[cfg(feature = "store")]
mod database;
mod dns_server;
#[cfg(all(feature = "store", feature = "mongo"))]
mod engine;
mod metrics;
mod otlp_collector;
mod raw;
#[cfg(feature = "store")]
mod row_lock;
mod tcp_proxy;

pub use client::{Answer, TestClient};
#[cfg(feature = "store")]
pub use database::TestDatabase;
pub use dns_server::DnsServer;
#[cfg(all(feature = "store", feature = "mongo"))]
pub use engine::Engine;
pub use metrics::{Samples, shown_metrics};
pub use otlp_collector::{ExportedSpan, OtlpCollector};
pub use raw::{RawAnswer, RawClient, RawError};
#[cfg(feature = "store")]
pub use row_lock::RowLock;
pub use tcp_proxy::TcpProxy;

use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::UserId;
use shared_web::server::{Application, Listen};
use shared_web::telemetry::{self, LogFormat};
use shared_web::tokens::TokenKeys;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The `SECRET_KEY` of the tests.
pub const SECRET_KEY: &str = "the secret of the tests, 32 bytes or more";

/// Where a service under test listens: on a free port.
pub fn any_port() -> Listen {
    Listen::from("127.0.0.1:0")
}

/// The keys that follow from [`SECRET_KEY`].
///
/// # Panics
/// Never: the secret is long enough.
pub fn token_keys(clock: &Clock) -> TokenKeys {
    TokenKeys::new(&SecretString::from(SECRET_KEY), clock.clone()).expect("the secret is long enough")
}

/// An access token for a user, by the machine's clock.
///
/// # Panics
/// Where a token cannot be made.
pub fn access_token(user: UserId) -> String {
    token_keys(&Clock::system()).issue_access(user, Duration::from_secs(3600)).expect("a token")
}

/// A service that runs until this is dropped.
#[derive(Debug)]
pub struct Running {
    url: Url,
    stop: CancellationToken,
}

impl Running {
    /// Starts to serve.
    ///
    /// # Panics
    /// Where the address of the service is no URL.
    pub fn start(application: Application) -> Self {
        show_logs_if_asked();
        let url = format!("http://{}", application.address()).parse().expect("an address is a URL");
        let stop = CancellationToken::new();
        tokio::spawn(application.run_until_stopped(stop.clone()));
        Self { url, stop }
    }

    /// Where the service is reached.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// Tells the service to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn show_logs_if_asked() {
    let env = Env::of_process();
    if env.get("TEST_LOG").is_some() {
        telemetry::init(&env, LogFormat::Pretty).expect("TEST_LOG with a wrong RUST_LOG or LOG_FORMAT");
    }
}
