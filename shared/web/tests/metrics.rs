//! The metrics of every service.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use reqwest::Method;
use shared::clock::Clock;
use shared::env::{Env, Purpose};
use shared::ids::UserId;
use shared::service::Service;
use shared_test_kit::{Running, Samples, TestClient, application_parts, shown_metrics, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::caller::Identity;
use shared_web::context::Context;
use shared_web::metrics::{MetricFamilies, Metrics};
use shared_web::routes;
use shared_web::server::{Application, Readiness, Routes, no_hooks, public};
use shared_web::spans::Traces;
use shared_web::telemetry::{self, LogFormat};
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use utoipa::openapi::OpenApi;

const COUNT: &str = "http_server_request_duration_seconds_count";
const ACTIVE: &str = "http_server_active_requests";

async fn get_thing(_: Path<String>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

#[utoipa::path(get, path = "/mine")]
async fn get_mine(_: Identity) -> HttpResponse {
    HttpResponse::Ok().finish()
}

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

struct TestApp {
    client: TestClient,
    slow: Slow,
    address: SocketAddr,
    _running: Running,
}

fn spawn_app(service: Service, metrics: &Metrics, keys: TokenKeys) -> TestApp {
    let slow = Slow { come: Arc::new(Semaphore::new(0)), go: Arc::new(Semaphore::new(0)) };
    let data = Data::new(slow.clone());
    let context = Context {
        service,
        keys,
        metrics: metrics.clone(),
        traces: Traces::off(),
        times: ServerTimeouts::default(),
        max_connections: 1000,
        bodies: BodyLimits::default(),
    };
    let readiness = Readiness::new(|| std::future::ready(Ok::<_, String>(())));
    let configure = move |app: &mut actix_web::web::ServiceConfig| {
        app.app_data(data.clone())
            .service(public("/things/{id}").get(get_thing))
            .service(public("/slow").get(get_slow));
        Routes::new(OpenApi::default).documented(routes![get_mine]).configure(app);
    };
    let application = Application::bind(application_parts(context, readiness), no_hooks, configure).unwrap();
    let address = application.address();
    let running = Running::start(application);
    TestApp { client: TestClient::new(running.url()), slow, address, _running: running }
}

#[tokio::test]
async fn requests_are_counted_by_method_route_and_status() {
    let metrics = shown_metrics();
    let app = spawn_app(Service::Chat, &metrics, token_keys(&Clock::system()));
    for path in ["/things/1", "/things/2", "/things/3?secret=1"] {
        app.client.get(path).await.expect(200);
    }
    app.client.delete("/things/1").await.expect(405);
    let made_up = Method::from_bytes(b"MADE-UP").unwrap();
    app.client.send(made_up, "/nowhere", None).await.expect(404);
    let series = Samples::of(&metrics).await;
    let count = |labels: &[&str]| series.sum(COUNT, labels);
    let of_chat = "service_name=\"chat\"";
    let route = "http_route=\"/things/{id}\"";
    let (get, delete) = ("http_request_method=\"GET\"", "http_request_method=\"DELETE\"");
    assert_eq!(count(&[of_chat, get, route, "http_response_status_code=\"200\""]), Some(3.0));
    assert_eq!(count(&[of_chat, delete, route, "http_response_status_code=\"405\""]), Some(1.0));
    let other = ["http_request_method=\"_OTHER\"", "http_route=\"\"", "http_response_status_code=\"404\""];
    assert_eq!(count(&other), Some(1.0));
    assert_eq!(count(&[]), Some(5.0), "{series:?}");
    assert!(!format!("{series:?}").contains("secret"));
}

#[tokio::test]
async fn durations_have_the_bucket_bounds_of_the_semantic_conventions() {
    let metrics = shown_metrics();
    let app = spawn_app(Service::Chat, &metrics, token_keys(&Clock::system()));
    app.client.get("/things/1").await.expect(200);
    let series = Samples::of(&metrics).await;
    let name = "http_server_request_duration_seconds_bucket";
    for bound in [
        "0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1.0", "2.5", "5.0", "7.5",
        "10.0", "+Inf",
    ] {
        assert!(series.sum(name, &[&format!("le=\"{bound}\"")]).is_some(), "{bound} in {series:?}");
    }
    let buckets = series.0.keys().filter(|series| series.starts_with(name)).count();
    assert_eq!(buckets, 15);
    assert_eq!(series.sum(name, &["le=\"+Inf\""]), Some(1.0));
}

#[tokio::test]
async fn a_request_is_active_until_it_is_answered() {
    let metrics = shown_metrics();
    let app = spawn_app(Service::Chat, &metrics, token_keys(&Clock::system()));
    let client = app.client.clone();
    let request = tokio::spawn(async move { client.get("/slow").await });
    app.slow.come.acquire().await.unwrap().forget();
    assert_eq!(Samples::of(&metrics).await.sum(ACTIVE, &["http_request_method=\"GET\""]), Some(1.0));
    app.slow.go.add_permits(1);
    request.await.unwrap().expect(200);
    assert_eq!(Samples::of(&metrics).await.sum(ACTIVE, &[]), Some(0.0));
}

#[tokio::test]
async fn services_of_one_process_have_series_of_their_own() {
    let metrics = shown_metrics();
    let keys = token_keys(&Clock::system());
    let chat = spawn_app(Service::Chat, &metrics, keys.clone());
    let auth = spawn_app(Service::Auth, &metrics, keys);
    chat.client.get("/things/1").await.expect(200);
    auth.client.get("/things/1").await.expect(200);
    auth.client.get("/things/1").await.expect(200);
    let series = Samples::of(&metrics).await;
    assert_eq!(series.sum(COUNT, &["service_name=\"chat\""]), Some(1.0));
    assert_eq!(series.sum(COUNT, &["service_name=\"auth\""]), Some(2.0));
}

#[tokio::test]
async fn refused_tokens_are_counted_by_reason() {
    let (metrics, clock) = (shown_metrics(), Clock::manual());
    let keys = token_keys(&clock);
    let app = spawn_app(Service::Chat, &metrics, keys.clone());
    let minute = Duration::from_secs(60);
    let issue = |keys: &TokenKeys| keys.issue_access(UserId::generate(), minute).unwrap();
    let old = issue(&keys);
    clock.advance(minute * 2);
    let of_a_service = keys.issue_for_service(Service::Auth, Service::Chat).unwrap();
    let other_keys = TokenKeys::new(&"another secret of 32 bytes or more".into(), clock.clone()).unwrap();
    let foreign = issue(&other_keys);
    app.client.with_token(&issue(&keys)).get("/mine").await.expect(200);
    app.client.get("/mine").await.expect(401);
    app.client.with_header("authorization", "Basic eDp5").get("/mine").await.expect(401);
    for token in ["no token", "a.b.c", &of_a_service, &foreign, &old] {
        app.client.with_token(token).get("/mine").await.expect(401);
    }
    let series = Samples::of(&metrics).await;
    let refused = |reason: &str| series.sum("tokens_refused_total", &[&format!("reason=\"{reason}\"")]);
    for (reason, count) in [("missing", 2.0), ("malformed", 2.0), ("bad_signature", 2.0), ("expired", 1.0)] {
        assert_eq!(refused(reason), Some(count), "{reason}: {series:?}");
    }
}

#[tokio::test]
async fn the_process_and_its_build_have_prometheus_names() {
    let series = Samples::of(&shown_metrics()).await;
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    assert_eq!(series.sum("build_info", &[&version, "commit=\""]), Some(1.0), "{series:?}");
    let value = |name: &str| series.sum(name, &[]).unwrap_or_else(|| panic!("{name} in {series:?}"));
    assert!(value("process_resident_memory_bytes") > 1e6, "{series:?}");
    assert!(value("process_virtual_memory_bytes") >= value("process_resident_memory_bytes"), "{series:?}");
    assert!(value("process_threads") >= 1.0 && value("process_cpu_seconds_total") >= 0.0, "{series:?}");
    assert!((3.0..value("process_max_fds")).contains(&value("process_open_fds")), "{series:?}");
    let now = Clock::system().now().as_seconds();
    let start = value("process_start_time_seconds");
    // The kernel's boot time is in whole seconds.
    let now = f64::from(u32::try_from(now).unwrap()) + 2.0;
    assert!((now - 86_400.0..now).contains(&start), "{series:?}");
}

#[tokio::test]
async fn asynchronous_callbacks_are_scraped_and_one_without_a_result_is_left_out() {
    let metrics = shown_metrics();
    for (service, value) in [(Service::Auth, Some(7_u64)), (Service::Chat, None), (Service::Branch, Some(1))]
    {
        metrics.observe_async(move || async move {
            let mut families = MetricFamilies::default();
            families.gauge("backlog", "A figure of the test", service, &[], value?);
            Some(families)
        });
    }
    let series = Samples::of(&metrics).await;
    let backlog = |service: &str| series.sum("backlog", &[&format!("service_name=\"{service}\"")]);
    assert_eq!(["auth", "chat", "branch"].map(backlog), [Some(7.0), None, Some(1.0)]);
}

#[tokio::test]
async fn metrics_are_exposed_on_their_own_port_alone() {
    let metrics = shown_metrics();
    let app = spawn_app(Service::Chat, &metrics, token_keys(&Clock::system()));
    app.client.get("/metrics").await.expect(404);
    let url = format!("http://{}", metrics.address().unwrap()).parse().unwrap();
    let watcher = TestClient::new(url);
    let page = watcher.get("/metrics").await.expect(200);
    assert!(page.header("content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    watcher.get("/things/1").await.expect(404);
    watcher.post("/metrics", &serde_json::json!({})).await.expect(404);
}

#[tokio::test]
async fn an_address_that_cannot_be_bound_is_an_error_of_one_line() {
    assert_eq!(Metrics::from_env(&Env::default(), Purpose::Serve).unwrap().address(), None);
    let taken = shown_metrics().address().unwrap().to_string();
    for wrong in ["9464", "nonsense", "256.0.0.1:9464", &taken] {
        let line =
            Metrics::from_env(&Env::of([("METRICS_ADDR", wrong)]), Purpose::Serve).unwrap_err().to_string();
        assert!(line.starts_with("METRICS_ADDR: cannot listen on ") && line.contains("expected"), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
}

#[tokio::test]
async fn errors_on_connections_are_counted_by_kind() {
    // Errors are counted also if nothing is logged.
    telemetry::init(&Env::of([("RUST_LOG", "off")]), LogFormat::Json).unwrap();
    let metrics = shown_metrics();
    let app = spawn_app(Service::Chat, &metrics, token_keys(&Clock::system()));
    let (address, long) = (app.address, "x".repeat(200_000));
    for (sent, kind, count) in [
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "invalid_version", 1.0),
        ("GET / HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n", "invalid_head", 1.0),
        (&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), "head_too_large", 1.0),
        ("GET /\u{7} HTTP/1.1\r\nHost: a\r\n\r\n", "invalid_head", 2.0),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The server may have closed before all of it is written.
        drop(stream.write_all(sent.as_bytes()).await);
        drop(stream.read_to_end(&mut Vec::new()).await);
        let labels = [&*format!("error_type=\"{kind}\""), "service_name=\"chat\""];
        let errors = Samples::of(&metrics).await.sum("http_server_connection_errors_total", &labels);
        assert_eq!(errors, Some(count), "{sent:.30}");
    }
}
