//! A gateway for one test, in front of three services that the test plays.

use crate::wire::Wire;
use gateway::config::{
    ConcurrencyConfig, Config, DESCRIPTOR_USE, DownstreamConfig, RateLimitConfig, Resolution, Timeouts,
    UpstreamUrls,
};
use gateway::startup;
use reqwest::Url;
use shared::clock::Clock;
use shared::ids::UserId;
use shared_test_kit::{Running, TestClient, access_token, server_config, shown_metrics};
use shared_web::metrics::Metrics;
use shared_web::server::ServerConfig;
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A gateway that runs until this is dropped.
pub struct TestGateway {
    /// A client without a token.
    pub client: TestClient,
    pub url: Url,
    /// By which it checks tokens. It stands still.
    pub clock: Clock,
    pub metrics: Metrics,
    running: Running,
}

/// A gateway with three services that answer 200 to everything, with their name in `X-Service`.
pub struct TestDeployment {
    pub gateway: TestGateway,
    pub auth: MockServer,
    pub chat: MockServer,
    pub branch: MockServer,
}

pub async fn spawn_deployment() -> TestDeployment {
    spawn_deployment_with(|_| {}).await
}

pub async fn spawn_deployment_with(configure: impl FnOnce(&mut Config)) -> TestDeployment {
    let (auth, chat, branch) = (service("auth").await, service("chat").await, service("branch").await);
    let url = |service: &MockServer| service.uri().parse().unwrap();
    let upstreams = UpstreamUrls { auth: url(&auth), chat: url(&chat), branch: url(&branch), answer: None };
    let gateway = spawn(upstreams, configure);
    TestDeployment { gateway, auth, chat, branch }
}

/// A gateway in front of one address that stands for all three services.
pub fn spawn_before(upstream: &Url) -> TestGateway {
    spawn_before_with(upstream, no_cache())
}

pub fn spawn_before_with(upstream: &Url, timeouts: Timeouts) -> TestGateway {
    spawn_with(all_at(upstream), timeouts)
}

/// A gateway in front of one address, with what else is said of it.
pub fn spawn_configured(upstream: &Url, configure: impl FnOnce(&mut Config)) -> TestGateway {
    spawn(all_at(upstream), configure)
}

/// One address for the three services that every deployment has.
pub fn all_at(upstream: &Url) -> UpstreamUrls {
    let url = || upstream.clone();
    UpstreamUrls { auth: url(), chat: url(), branch: url(), answer: None }
}

pub fn spawn_with(upstreams: UpstreamUrls, timeouts: Timeouts) -> TestGateway {
    spawn(upstreams, |config| config.timeouts = timeouts)
}

fn spawn(upstreams: UpstreamUrls, configure: impl FnOnce(&mut Config)) -> TestGateway {
    let (clock, metrics) = (Clock::manual(), shown_metrics());
    let mut config = Config {
        server: ServerConfig { metrics: metrics.clone(), ..server_config(&clock) },
        upstreams,
        downstream: DownstreamConfig::default(),
        ui: None,
        rate_limits: Some(RateLimitConfig::default()),
        concurrency: Some(ConcurrencyConfig::default()),
        timeouts: no_cache(),
        descriptor_use: DESCRIPTOR_USE,
        resolution: Resolution::System,
    };
    configure(&mut config);
    let running = Running::start(startup::build(config).unwrap());
    TestGateway { client: TestClient::new(running.url()), url: running.url(), clock, metrics, running }
}

/// The default time-outs, with documents that are fetched anew each time.
pub fn no_cache() -> Timeouts {
    Timeouts { document_ttl: Duration::ZERO, ..Timeouts::default() }
}

async fn service(name: &str) -> MockServer {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).insert_header("x-service", name).set_body_string("fine");
    // The last in the order of priorities, so that a test can say something else.
    Mock::given(any()).respond_with(answer).with_priority(255).mount(&server).await;
    server
}

/// The line of a header with a token that counts.
pub fn authorization() -> String {
    format!("Authorization: Bearer {}\r\n", access_token(UserId::generate()))
}

impl TestGateway {
    /// A client with a token.
    pub fn user(&self) -> TestClient {
        self.client.as_user(UserId::generate())
    }

    /// A connection.
    pub async fn wire(&self) -> Wire {
        Wire::connect(&self.url).await
    }

    /// Tells the gateway to stop.
    pub fn stop(&self) {
        self.running.stop();
    }
}

/// The one request that a service has received.
pub async fn only_request(service: &MockServer) -> Request {
    let mut requests = service.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.pop().unwrap()
}
