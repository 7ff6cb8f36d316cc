//! Limits of bodies: their size, memory and rate.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use actix_web::web::Data;
use actix_web::{HttpResponse, http::header::CONTENT_TYPE};
use shared::clock::Clock;
use shared::service::Service;
use shared_test_kit::{Running, TestClient, application_parts, token_keys};
use shared_web::body_limits::{BodyLimits, MemoryBudget, MinRate, SMALL_BYTES};
use shared_web::context::Context;
use shared_web::input::{Body, Fields, FromFields, Input, Invalid};
use shared_web::metrics::Metrics;
use shared_web::server::{Application, Readiness, no_hooks, public};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

const MIB: usize = 1 << 20;
/// The time-out of a test's wait.
const TOO_LATE: Duration = Duration::from_secs(20);

/// A body with one field.
#[derive(Debug)]
struct Named(String);

impl FromFields for Named {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        fields.required("name").map(Self)
    }
}

async fn post_name(Input { body, .. }: Body<Named>) -> HttpResponse {
    HttpResponse::Ok().body(body.0.len().to_string())
}

/// A response of this many bytes.
async fn get_large(length: Data<usize>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain")).body("x".repeat(**length))
}

fn spawn(bodies: BodyLimits, answer: usize) -> Running {
    let context = Context {
        service: Service::Chat,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times: ServerTimeouts::default(),
        bodies,
        max_connections: 1000,
    };
    let readiness = Readiness::new(|| std::future::ready(Ok::<(), String>(())));
    let answer = Data::new(answer);
    let routes = move |app: &mut actix_web::web::ServiceConfig| {
        app.app_data(answer.clone())
            .service(public("/name").post(post_name))
            .service(public("/large").get(get_large).post(get_large));
    };
    let application = Application::bind(application_parts(context, readiness), no_hooks, routes);
    Running::start(application.unwrap())
}

fn rate(grace_ms: u64, bytes_per_second: u32) -> MinRate {
    MinRate { grace: Duration::from_millis(grace_ms), bytes_per_second }
}

async fn connect(service: &Running) -> TcpStream {
    let url = service.url();
    TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap()
}

/// A body of this length, of which all but the last byte is sent.
async fn unfinished(service: &Running, length: usize) -> TcpStream {
    let mut wire = connect(service).await;
    let head = format!("POST /name HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    wire.write_all(head.as_bytes()).await.unwrap();
    // A refusal is read later.
    drop(wire.write_all(" ".repeat(length - 1).as_bytes()).await);
    wire
}

async fn answer(wire: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        if timeout(TOO_LATE, wire.read_buf(&mut answer)).await.unwrap().unwrap_or(0) == 0 {
            break;
        }
    }
    String::from_utf8(answer).unwrap()
}

/// Waits until the free bytes are enough.
async fn available(memory: &MemoryBudget, is_enough: impl Fn(usize) -> bool) {
    let waited = async {
        while !is_enough(memory.available()) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(TOO_LATE, waited).await.unwrap();
}

#[tokio::test]
async fn a_body_below_the_minimum_rate_is_answered_with_408() {
    let service = spawn(BodyLimits::new(MemoryBudget::default(), rate(600, 1000)), 0);
    let (mut input, mut output) = connect(&service).await.into_split();
    output.write_all(b"POST /name HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let trickle = tokio::spawn(async move {
        while output.write_all(b" ").await.is_ok() {
            sleep(Duration::from_millis(20)).await;
        }
    });
    let mut heard = vec![0; 12];
    timeout(TOO_LATE, input.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&heard), "HTTP/1.1 408");
    assert!(begun.elapsed() >= Duration::from_millis(600), "{:?}", begun.elapsed());
    trickle.abort();
}

#[tokio::test]
async fn bodies_in_flight_share_the_memory_budget_and_an_eighth_is_for_small_ones() {
    let memory = MemoryBudget::new(64 * MIB);
    let service = spawn(BodyLimits::new(memory.clone(), MinRate::default()), 0);
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(unfinished(&service, 16 * MIB).await);
    }
    available(&memory, |bytes| bytes <= 16 * MIB + 64).await;
    let mut refused = unfinished(&service, 12 * MIB).await;
    let told = answer(&mut refused).await;
    assert!(told.starts_with("HTTP/1.1 503") && told.contains(r#""code":"overloaded""#), "{told}");
    assert!(told.to_ascii_lowercase().contains("retry-after: 1"), "{told}");
    let client = TestClient::new(service.url());
    let small = serde_json::json!({"name": "x".repeat(SMALL_BYTES - 100)});
    client.post("/name", &small).await.expect(200);
    drop(held);
    available(&memory, |bytes| bytes == 64 * MIB).await;
    client.post("/name", &serde_json::json!({"name": "x".repeat(15 * MIB)})).await.expect(200);
    available(&memory, |bytes| bytes == 64 * MIB).await;
}

#[tokio::test]
async fn memory_is_reserved_for_received_bytes_and_not_for_announced_ones() {
    let memory = MemoryBudget::new(32 * MIB);
    let service = spawn(BodyLimits::new(memory.clone(), MinRate::default()), 0);
    let mut announced = Vec::new();
    for _ in 0..50 {
        let mut wire = connect(&service).await;
        let head = format!("POST /name HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n ", 16 * MIB);
        wire.write_all(head.as_bytes()).await.unwrap();
        announced.push(wire);
    }
    let client = TestClient::new(service.url());
    client.post("/name", &serde_json::json!({"name": "x".repeat(15 * MIB)})).await.expect(200);
    drop(announced);
}

/// Requests the large response, and reads nothing of it.
async fn ask(service: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let address = *service.url().socket_addrs(|| None).unwrap().first().unwrap();
    let mut wire = socket.connect(address).await.unwrap();
    wire.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    wire
}

#[tokio::test]
async fn a_response_that_is_not_read_takes_memory_and_is_dropped_by_the_minimum_rate() {
    let memory = MemoryBudget::new(64 * MIB);
    let service = spawn(BodyLimits::new(memory.clone(), rate(2000, 1_000_000)), 24 * MIB);
    let readers = [ask(&service).await, ask(&service).await];
    available(&memory, |bytes| bytes == 16 * MIB).await;
    let client = TestClient::new(service.url());
    let refused = client.get("/large").await.expect(503);
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("overloaded", "1"));
    // A POST has changed something, and gets its response all the same.
    let told = client.post("/large", &serde_json::json!({})).await.expect(200);
    assert_eq!(told.text.len(), 24 * MIB);
    available(&memory, |bytes| bytes == 64 * MIB).await;
    assert_eq!(client.get("/large").await.expect(200).text.len(), 24 * MIB);
    for mut reader in readers {
        let mut taken = Vec::new();
        // It is aborted: never a short response that looks complete.
        drop(timeout(TOO_LATE, reader.read_to_end(&mut taken)).await.unwrap());
        assert!(taken.len() < 24 * MIB, "{}", taken.len());
    }
}

#[tokio::test]
async fn a_response_that_is_read_above_the_minimum_rate_arrives_whole() {
    let memory = MemoryBudget::new(64 * MIB);
    let service = spawn(BodyLimits::new(memory.clone(), rate(1000, 1_000_000)), 8 * MIB);
    let mut wire = connect(&service).await;
    wire.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut taken = Vec::new();
    // At most 4 MiB a second, so that it takes twice the grace.
    while taken.len() < 8 * MIB {
        let mut piece = vec![0; 4 * MIB / 50];
        let count = timeout(TOO_LATE, wire.read(&mut piece)).await.unwrap().unwrap();
        assert!(count > 0, "broken off after {} bytes", taken.len());
        piece.truncate(count);
        taken.extend_from_slice(&piece);
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_body_of_a_million_unknown_members_delays_other_requests_by_less_than_1_s() {
    let service = spawn(BodyLimits::default(), 0);
    let client = TestClient::new(service.url());
    let body = format!("{{{}\"name\":\"x\"}}", "\"a\":1,".repeat(16 * MIB / 6 - 10));
    let body = reqwest::Body::from(body);
    let large = reqwest::Client::new().post(service.url().join("/name").unwrap()).body(body).send();
    let others = async {
        let mut worst = Duration::ZERO;
        for _ in 0..200 {
            let begun = Instant::now();
            client.get("/livez").await.expect(200);
            worst = worst.max(begun.elapsed());
            sleep(Duration::from_millis(5)).await;
        }
        worst
    };
    let (large, worst) = tokio::join!(large, others);
    assert_eq!(large.unwrap().text().await.unwrap(), "1");
    // Parsed into a map, it blocked the worker for more than a second in a debug build.
    assert!(worst < Duration::from_secs(1), "{worst:?}");
}
