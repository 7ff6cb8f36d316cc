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
mod scripted_model;
pub mod sse;
mod start;
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
pub use scripted_model::{ScriptedModel, ScriptedResponse};
pub use start::check_taken_port_comes_first;
pub use tcp_proxy::{TcpProxy, reserve_port, unreachable_url};

use reqwest::Url;
use secrecy::SecretString;
use shared::clock::Clock;
use shared::env::Env;
use shared::ids::UserId;
use shared::tasks::Tasks;
use shared_web::body_limits::BodyLimits;
use shared_web::context::Context;
use shared_web::metrics::Metrics;
use shared_web::server::{Application, ApplicationParts, Listen, Readiness, ServerConfig};
use shared_web::spans::Traces;
use shared_web::telemetry::{self, LogFormat};
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a crash test kills: `TEST_KILLS`, or this many times.
///
/// # Panics
/// If `TEST_KILLS` is not a number.
pub fn kills(default: usize) -> usize {
    #[expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]
    Env::of_process().or("TEST_KILLS", "a number", default).unwrap()
}

/// The `SECRET_KEY` of tests.
pub const SECRET_KEY: &str = "the secret of the tests, 32 bytes or more";

/// A free port on loopback.
pub fn any_port() -> Listen {
    Listen::from("127.0.0.1:0")
}

/// The parts of a service on a free port, without background tasks.
pub fn application_parts(context: Context, readiness: Readiness) -> ApplicationParts {
    let (listen, tasks) = (any_port(), Tasks::default());
    ApplicationParts { listen, context, tasks, readiness, cancels_on_half_close: false }
}

/// The configuration of a server on a free port, with keys that this clock checks, without metrics or spans.
pub fn server_config(clock: &Clock) -> ServerConfig {
    ServerConfig {
        listen: any_port(),
        keys: token_keys(clock),
        clock: clock.clone(),
        times: ServerTimeouts::default(),
        bodies: BodyLimits::default(),
        metrics: Metrics::off(),
        traces: Traces::off(),
    }
}

/// The keys derived from [`SECRET_KEY`].
///
/// # Panics
/// Never: the secret is long enough.
pub fn token_keys(clock: &Clock) -> TokenKeys {
    TokenKeys::new(&SecretString::from(SECRET_KEY), clock.clone()).expect("the secret is long enough")
}

/// An access token of a user, by the system clock.
///
/// # Panics
/// If a token cannot be signed.
pub fn access_token(user: UserId) -> String {
    token_keys(&Clock::system()).issue_access(user, Duration::from_secs(3600)).expect("a token")
}

/// A running service, which is stopped when this is dropped.
#[derive(Debug)]
pub struct Running {
    url: Url,
    stop: CancellationToken,
}

impl Running {
    /// Starts the service.
    ///
    /// # Panics
    /// If the address of the service is not a URL.
    pub fn start(application: Application) -> Self {
        show_logs_if_asked();
        let url = format!("http://{}", application.address()).parse().expect("an address is a URL");
        let stop = CancellationToken::new();
        tokio::spawn(application.run_until_stopped(stop.clone()));
        Self { url, stop }
    }

    /// The URL of the service.
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
