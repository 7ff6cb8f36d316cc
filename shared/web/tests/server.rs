//! The server of every service: health and graceful shutdown.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::clock::Clock;
use shared::env::Env;
use shared::service::Service;
use shared_test_kit::{Answer, Running, TestClient, application_parts, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::context::Context;
use shared_web::metrics::Metrics;
use shared_web::program::health_check;
use shared_web::server::{Application, Readiness, no_hooks, public};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// The arrival of requests for `/slow`, and the permission to respond to them.
#[derive(Clone)]
struct Slow {
    come: Arc<Semaphore>,
    go: Arc<Semaphore>,
}

async fn get_slow(slow: Data<Slow>) -> HttpResponse {
    slow.come.add_permits(1);
    slow.go.acquire().await.unwrap().forget();
    HttpResponse::Ok().finish()
}

/// A service with the readiness of `probe`, and one route.
fn service(probe: Result<(), String>) -> (Application, Slow) {
    service_with(probe, ServerTimeouts::default())
}

fn service_with(probe: Result<(), String>, times: ServerTimeouts) -> (Application, Slow) {
    let slow = Slow { come: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    let context = Context {
        service: Service::Chat,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times,
        max_connections: 1000,
        bodies: BodyLimits::default(),
    };
    let readiness = Readiness::new(move || std::future::ready(probe.clone()));
    let data = Data::new(slow.clone());
    let routes = move |app: &mut actix_web::web::ServiceConfig| {
        app.app_data(data.clone()).service(public("/slow").get(get_slow));
    };
    (Application::bind(application_parts(context, readiness), no_hooks, routes).unwrap(), slow)
}

#[tokio::test]
async fn a_handler_over_its_timeout_is_dropped_and_answered_with_503() {
    let times = ServerTimeouts { service: Duration::from_millis(50), ..ServerTimeouts::default() };
    let (application, slow) = service_with(Ok(()), times);
    let service = Running::start(application);
    let client = TestClient::new(service.url());
    let answer = client.get("/slow").await.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    assert_eq!(slow.come.available_permits(), 1);
    slow.go.add_permits(1);
    client.get("/slow").await.expect(200);
    assert_eq!(slow.go.available_permits(), 0, "the handler of the 503 was dropped");
}

#[tokio::test]
async fn a_head_over_its_timeout_is_answered_with_408() {
    let times = ServerTimeouts { head: Duration::from_millis(50), ..ServerTimeouts::default() };
    let service = Running::start(service_with(Ok(()), times).0);
    let url = service.url();
    let mut wire = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap();
    wire.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\n").await.unwrap();
    let mut answered = String::new();
    let read = wire.read_to_string(&mut answered);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("it is closed").unwrap();
    assert!(answered.starts_with("HTTP/1.1 408 "), "{answered}");
}

#[tokio::test]
async fn a_stopping_service_is_not_ready_and_closes_each_connection_after_its_response() {
    let application = service(Ok(())).0.with_accept_after_stop(Duration::from_secs(600));
    let service = Running::start(application);
    let client = TestClient::new(service.url());
    let before = client.get("/readyz").await.expect(200);
    assert_eq!(before.header("connection"), "");
    service.stop();
    let answer = response_during_drain(&client).await;
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.json()["reason"], "the service is stopping");
    assert_eq!(client.get("/livez").await.expect(200).header("connection"), "close");
    assert_eq!(client.get("/nowhere").await.expect(404).header("connection"), "close");
}

/// Polls `/readyz` until the service is stopping.
async fn response_during_drain(client: &TestClient) -> Answer {
    loop {
        let answer = client.get("/readyz").await;
        if answer.status == 503 {
            return answer;
        }
    }
}

#[tokio::test]
async fn a_stopping_service_answers_requests_in_flight_and_waits_for_no_idle_connection() {
    let (application, slow) = service(Ok(()));
    let address = application.address();
    let client = TestClient::new(format!("http://{address}").parse().unwrap());
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run_until_stopped(stop.clone()));
    // This connection stays open and idle.
    let idle = TestClient::new(format!("http://{address}").parse().unwrap());
    idle.get("/livez").await.expect(200);
    let request = tokio::spawn(async move { client.get("/slow").await });
    slow.come.acquire().await.unwrap().forget();
    stop.cancel();
    while TcpStream::connect(address).await.is_ok() {}
    slow.go.add_permits(1);
    let answer = request.await.unwrap().expect(200);
    assert_eq!(answer.header("connection"), "close");
    let stopped = timeout(Duration::from_secs(8), running).await;
    stopped.unwrap().unwrap().unwrap();
    drop(idle);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_accepted_before_the_drain_is_answered() {
    const CLIENTS: usize = 64;
    let application = service(Ok(())).0.with_accept_after_stop(Duration::from_millis(50));
    let address = application.address();
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run_until_stopped(stop.clone()));
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(request_until_connections_are_refused(address))).collect();
    for _ in 0..100 {
        request(address).await.unwrap().unwrap();
    }
    stop.cancel();
    for client in clients {
        assert_eq!(client.await.unwrap(), Vec::<String>::new());
    }
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_accepted_connection_without_a_request_is_waited_for() {
    let application = service(Ok(())).0.with_accept_after_stop(Duration::from_millis(1));
    let address = application.address();
    let stop = CancellationToken::new();
    let running = tokio::spawn(application.run_until_stopped(stop.clone()));
    let silent = TcpStream::connect(address).await.unwrap();
    stop.cancel();
    // Longer than the drain of the backlog takes.
    while let Ok(Ok(_)) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {}
    assert_eq!(ask(silent).await, Ok(()));
    running.await.unwrap().unwrap();
}

/// The requests that failed although they had a connection.
async fn request_until_connections_are_refused(address: SocketAddr) -> Vec<String> {
    let mut failed = Vec::new();
    while let Ok(answer) = request(address).await {
        failed.extend(answer.err());
    }
    failed
}

/// A request on a connection of its own. The outer error is that of connecting.
async fn request(address: SocketAddr) -> std::io::Result<Result<(), String>> {
    Ok(ask(TcpStream::connect(address).await?).await)
}

/// The first and last request on a connection.
async fn ask(mut connection: TcpStream) -> Result<(), String> {
    let answered = async {
        connection.write_all(b"GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.map(|_| answer)
    };
    match answered.await {
        Ok(answer) if answer.starts_with("HTTP/1.1 200") => Ok(()),
        Ok(answer) => Err(format!("answered {answer:?}")),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn the_health_check_reports_in_one_line_why_a_service_is_not_ready() {
    let well = Running::start(service(Ok(())).0);
    let ill = Running::start(service(Err("hunter2 is refused".to_owned())).0);
    let check = async |service: &Running| {
        let url = service.url();
        let address = format!("0.0.0.0:{}", url.port().unwrap());
        health_check(&Env::of([("LISTEN_ADDR", &address)]), "0.0.0.0:1")
            .await
            .map_err(|error| error.to_string())
    };
    assert_eq!(check(&well).await, Ok(()));
    let line = check(&ill).await.unwrap_err();
    assert!(line.starts_with("not ready: 503"), "{line}");
    assert!(line.contains("the database does not answer") && !line.contains("hunter2"), "{line}");
    let nobody = health_check(&Env::default(), "127.0.0.1:1").await.unwrap_err().to_string();
    assert!(nobody.contains("127.0.0.1:1") && !nobody.contains('\n'), "{nobody}");
}
