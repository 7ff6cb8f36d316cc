//! A gateway for one test, in front of replicas on addresses of the test's own.

use crate::replica::Replica;
use gateway::config::{Config, DESCRIPTOR_USE, DownstreamConfig, Resolution, Timeouts, UpstreamUrls};
use gateway::startup;
use reqwest::Method;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::ids::UserId;
use shared_test_kit::{Answer, DnsServer, Running, TestClient, server_config, shown_metrics};
use shared_web::metrics::Metrics;
use shared_web::server::ServerConfig;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// The service that the tests ask.
pub const NAME: &str = "chat.test";
const NAMES: [&str; 3] = ["auth.test", NAME, "branch.test"];
pub const GET: &str = "/api/v1/chats/get-chat";
/// A key counts here.
pub const POST: &str = "/api/v1/chats/create-chat";

/// The time-out of what a test waits for.
pub const SOON: Duration = Duration::from_secs(20);

/// Longer than any test.
pub const NEVER: Duration = Duration::from_secs(3600);

pub struct TestCluster {
    pub client: TestClient,
    pub names: DnsServer,
    pub replicas: Vec<Replica>,
    pub metrics: Metrics,
    _gateway: Running,
}

/// Names are looked up often, an ejection does not end by time, and there are no health checks.
pub fn timeouts() -> Timeouts {
    Timeouts {
        dns_refresh_interval: Duration::from_millis(50),
        health_check_interval: NEVER,
        base_ejection: NEVER,
        ..Timeouts::default()
    }
}

/// A gateway with this many replicas, each of which plays every service.
pub async fn spawn(count: usize, timeouts: Timeouts) -> TestCluster {
    let (names, replicas) = (DnsServer::start().await, start(count).await);
    let addresses: Vec<_> = replicas.iter().map(|replica| replica.address.ip()).collect();
    for name in NAMES {
        names.set(name, &addresses);
    }
    let resolution = Resolution::Nameserver(names.address());
    let metrics = shown_metrics();
    let port = replicas[0].address.port();
    let (client, gateway) = spawn_gateway_with(NAMES, port, timeouts, resolution, &metrics);
    TestCluster { client, names, replicas, metrics, _gateway: gateway }
}

/// A gateway before services with these names, and a client of it with a token.
pub fn spawn_gateway(
    names: [&str; 3],
    port: u16,
    timeouts: Timeouts,
    resolution: Resolution,
) -> (TestClient, Running) {
    spawn_gateway_with(names, port, timeouts, resolution, &Metrics::off())
}

fn spawn_gateway_with(
    names: [&str; 3],
    port: u16,
    timeouts: Timeouts,
    resolution: Resolution,
    metrics: &Metrics,
) -> (TestClient, Running) {
    let [auth, chat, branch] = names.map(|name| format!("http://{name}:{port}").parse().unwrap());
    let upstreams = UpstreamUrls { auth, chat, branch, answer: None };
    let config = Config {
        server: ServerConfig { metrics: metrics.clone(), ..server_config(&Clock::system()) },
        upstreams,
        downstream: DownstreamConfig::default(),
        ui: None,
        rate_limits: None,
        concurrency: None,
        timeouts,
        descriptor_use: DESCRIPTOR_USE,
        resolution,
    };
    let gateway = Running::start(startup::build(config).unwrap());
    (TestClient::new(gateway.url()).as_user(UserId::generate()), gateway)
}

/// Replicas on one port of neighbouring addresses, which no other test of this process has, so that an address on which
/// nobody listens any more stays so.
async fn start(count: usize) -> Vec<Replica> {
    let mut replicas = Vec::new();
    let subnet = unused_subnet();
    let mut port = 0;
    for host in 2..2 + u8::try_from(count).unwrap() {
        let replica = Replica::start(SocketAddr::new(subnet(host), port)).await;
        port = replica.address.port();
        replicas.push(replica);
    }
    replicas
}

/// Addresses that no other test of this process has.
pub fn unused_subnet() -> impl Fn(u8) -> IpAddr {
    static NEXT_SUBNET: AtomicU8 = AtomicU8::new(0);
    let subnet = NEXT_SUBNET.fetch_add(1, Ordering::SeqCst);
    let process = u8::try_from(std::process::id() % 250).unwrap() + 1;
    move |host| IpAddr::from([127, process, subnet, host])
}

impl TestCluster {
    /// Makes the name resolve to these replicas.
    pub fn resolve_to(&self, replicas: std::ops::Range<usize>) {
        let addresses: Vec<_> = self.replicas[replicas].iter().map(|replica| replica.address.ip()).collect();
        self.names.set(NAME, &addresses);
    }

    /// Sends a GET, which must succeed. Returns the number of the replica that answers.
    pub async fn answering_replica(&self) -> usize {
        self.replica_of(&self.client.get(GET).await.expect(200))
    }

    /// The number of the replica that sent this answer.
    pub fn replica_of(&self, answer: &Answer) -> usize {
        let name = answer.header("x-replica");
        self.replicas.iter().position(|replica| replica.address.to_string() == name).unwrap()
    }

    /// POST with an id that the replicas see, and with a key where there is one.
    pub async fn post(&self, id: &str, key: Option<&str>) -> Answer {
        let client = self.client.with_header("x-request-id", id);
        let client = key.iter().fold(client, |client, key| client.with_header("idempotency-key", key));
        client.post(POST, &body(id)).await
    }

    /// How many requests with this id all replicas together have read.
    pub fn request_count(&self, id: &str) -> usize {
        let seen = self.replicas.iter().flat_map(Replica::seen);
        seen.filter(|seen| seen.id == id)
            .inspect(|seen| assert_eq!(seen.body, expected_body(seen, id)))
            .count()
    }

    /// Asks until this replica answers.
    pub async fn wait_for_answer_of(&self, replica: usize) {
        let asking = async { while self.answering_replica().await != replica {} };
        tokio::time::timeout(SOON, asking).await.expect("the replica gets requests");
    }

    /// Waits until the gateway has learned what its name gives since the last change.
    pub async fn wait_for_lookup(&self) {
        // A look-up asks twice, and more often where that fails. The one that was on its way may bring what was true before.
        self.names.wait_for_queries(NAME, 16).await;
    }

    /// Any method without a body.
    pub async fn send(&self, method: Method, id: &str) -> Answer {
        self.client.with_header("x-request-id", id).send(method, GET, None).await
    }
}

/// The body of a POST with this id.
pub fn body(id: &str) -> Value {
    json!({"name": id})
}

fn expected_body(seen: &crate::replica::Seen, id: &str) -> String {
    if seen.method == "POST" { body(id).to_string() } else { String::new() }
}
