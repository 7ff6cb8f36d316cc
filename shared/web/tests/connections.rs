//! Connections: idle time-outs, pipelining, and what ends them.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use actix_web::HttpResponse;
use actix_web::web::Data;
use shared::clock::Clock;
use shared::service::Service;
use shared_test_kit::{RawClient, Running, application_parts, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::context::Context;
use shared_web::input::{Body, Fields, FromFields, Input, Invalid};
use shared_web::metrics::Metrics;
use shared_web::server::{Application, Readiness, no_hooks, public};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, timeout};

/// The time-out of a test's wait.
const TOO_LATE: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);
const GET: &str = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n";
const CHUNKED: &str = "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A body with one field.
#[derive(Debug)]
struct Named(String);

impl FromFields for Named {
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        fields.required("name").map(Self)
    }
}

async fn post_name(Input { body, .. }: Body<Named>, count: Data<AtomicUsize>) -> HttpResponse {
    count.fetch_add(1, Ordering::Relaxed);
    HttpResponse::Created().body(body.0)
}

/// A service with a route that reads a body, and the count of its calls.
fn spawn(times: ServerTimeouts) -> (Running, Arc<AtomicUsize>) {
    let context = Context {
        service: Service::Chat,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times,
        max_connections: 1000,
        bodies: BodyLimits::default(),
    };
    let count = Arc::new(AtomicUsize::new(0));
    let data = Data::from(Arc::clone(&count));
    let routes = move |app: &mut actix_web::web::ServiceConfig| {
        app.app_data(data.clone()).service(public("/name").post(post_name));
    };
    let readiness = Readiness::new(|| std::future::ready(Ok::<(), String>(())));
    let application = Application::bind(application_parts(context, readiness), no_hooks, routes);
    (Running::start(application.unwrap()), count)
}

async fn connect(service: &Running) -> TcpStream {
    let url = service.url();
    TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await.unwrap()
}

/// All further bytes until the server closes the connection gracefully.
async fn rest(wire: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut heard = String::new();
    timeout(TOO_LATE, wire.read_to_string(&mut heard)).await.unwrap().unwrap();
    heard
}

fn post(body: &str, length: usize) -> String {
    format!("POST /name HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_connection_without_a_byte_is_closed_without_a_response() {
    let (service, _) = spawn(ServerTimeouts { head: SHORT, ..ServerTimeouts::default() });
    let begun = Instant::now();
    let mut wire = connect(&service).await;
    assert_eq!(rest(&mut wire).await, "");
    assert!(begun.elapsed() >= SHORT / 2, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_incomplete_head_after_a_response_ends_with_the_idle_timeout() {
    let (service, _) = spawn(ServerTimeouts { idle: SHORT, ..ServerTimeouts::default() });
    let refused = format!("POST /nowhere HTTP/1.1\r\n{CHUNKED}1\r\na\r\n");
    for (asked, said) in
        [(GET, ""), (GET, "G"), (GET, "\r\n"), (GET, "GET / HTTP/1.1\r\nHost: a\r\nX: "), (&refused, "1")]
    {
        let mut wire = connect(&service).await;
        let begun = Instant::now();
        wire.write_all(asked.as_bytes()).await.unwrap();
        wire.write_all(said.as_bytes()).await.unwrap();
        let heard = rest(&mut wire).await;
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{said:?}: {heard}");
        assert!(begun.elapsed() >= SHORT, "{said:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_trickle_after_a_response_ends_with_the_idle_timeout() {
    let (service, _) = spawn(ServerTimeouts { idle: SHORT, ..ServerTimeouts::default() });
    let refused = format!("POST /nowhere HTTP/1.1\r\n{CHUNKED}fffffff\r\n");
    for (asked, trickled) in [(GET, "GET /"), (GET, "\r\n"), (GET, "GET / HTTP/1.1\r\nX: "), (&refused, "a")]
    {
        let (mut input, mut output) = connect(&service).await.into_split();
        output.write_all(format!("{asked}{trickled}").as_bytes()).await.unwrap();
        let trickle = tokio::spawn(async move {
            let (mut ticks, last) = (interval(SHORT / 15), trickled.as_bytes().last().copied().unwrap());
            while output.write_all(&[last]).await.is_ok() {
                ticks.tick().await;
            }
        });
        let mut heard = Vec::new();
        // The connection may be reset, as the trickle is not read.
        drop(timeout(TOO_LATE, input.read_to_end(&mut heard)).await.unwrap());
        assert_eq!(String::from_utf8_lossy(&heard).matches("HTTP/1.1 ").count(), 1, "{trickled:?}");
        timeout(TOO_LATE, trickle).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_connection_can_be_reused_before_its_idle_timeout() {
    let (service, _) = spawn(ServerTimeouts { idle: SHORT, ..ServerTimeouts::default() });
    let mut client = RawClient::connect(&service.url()).await;
    let mut ticks = interval(SHORT / 3);
    let begun = Instant::now();
    while begun.elapsed() < 3 * SHORT {
        ticks.tick().await;
        let (first, second) = GET.split_at(9);
        client.send(first).await;
        client.send(second).await;
        assert_eq!(client.answer().await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn each_pipelined_response_has_the_framing_of_its_request() {
    let (service, _) = spawn(ServerTimeouts::default());
    let named = post(r#"{"name":"x"}"#, 12);
    let requests =
        [("GET", GET.to_owned(), 200), ("HEAD", GET.replace("GET", "HEAD"), 200), ("POST", named, 201)];
    for first in &requests {
        for second in &requests {
            let mut client = RawClient::connect(&service.url()).await;
            let batch = [first, second, first, &requests[0]];
            client.send(batch.map(|(_, sent, _)| sent.as_str()).concat()).await;
            for (method, _, status) in batch {
                let answer = client.answer_to(*method == "HEAD").await.unwrap();
                assert_eq!(answer.status, *status, "{method} of {} and {}", first.0, second.0);
                let length: usize = answer.header("content-length").unwrap().parse().unwrap();
                assert_eq!(answer.body.len(), if *method == "HEAD" { 0 } else { length });
            }
            client.finish().await;
            assert_eq!(client.rest().await, b"");
        }
    }
}

#[tokio::test]
async fn pipelined_requests_of_http_1_0_and_1_1_are_answered_in_their_version() {
    let (service, _) = spawn(ServerTimeouts::default());
    let mut wire = connect(&service).await;
    let old = "GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    let last = "GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    wire.write_all([GET, old, GET, last].concat().as_bytes()).await.unwrap();
    let heard = rest(&mut wire).await;
    let versions: Vec<_> =
        heard.match_indices("HTTP/1.").filter_map(|(at, _)| heard.get(at..at + 12)).collect();
    assert_eq!(versions, ["HTTP/1.1 200", "HTTP/1.0 200", "HTTP/1.1 200", "HTTP/1.1 200"], "{heard}");
}

#[tokio::test]
async fn a_body_longer_than_its_content_length_is_answered_and_ends_the_connection() {
    let (service, count) = spawn(ServerTimeouts::default());
    let body = "{\"name\":\"\u{e9}\u{e9}\"}";
    for (body, length, more, status) in [
        // The length is in characters, which cuts the body short.
        (body, body.chars().count(), String::new(), "HTTP/1.1 422 "),
        (body, body.len(), "}".to_owned(), "HTTP/1.1 201 "),
        // More than the server reads ahead, and than fits into its socket.
        (body, body.len(), "}".repeat(300_000), "HTTP/1.1 201 "),
    ] {
        let (mut input, mut output) = connect(&service).await.into_split();
        let sent = post(body, length) + &more;
        let sending = tokio::spawn(async move {
            drop(output.write_all(sent.as_bytes()).await);
            output
        });
        let heard = rest(&mut input).await;
        assert!(heard.starts_with(status) && heard.matches("HTTP/1.1 ").count() == 1, "{heard}");
        assert!(heard.contains("connection: close\r\n"), "{heard}");
        drop(sending.await.unwrap());
    }
    assert_eq!(count.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn malformed_chunks_and_incomplete_bodies_are_answered_with_400_and_end_the_connection() {
    let (service, count) = spawn(ServerTimeouts::default());
    let chunked = format!("POST /name HTTP/1.1\r\nAccept: application/problem+json\r\n{CHUNKED}");
    for (sent, is_finished) in [
        (format!("{chunked}x\r\n{GET}"), false),
        (format!("{chunked}c\r\n{{\"name\":\"x\"}}y\r\n0\r\n\r\n{GET}"), false),
        (format!("{chunked}c\r\n{{\"name\":\"x\"}}\r\n0\r\n\rx{GET}"), false),
        (format!("{chunked}c\r\n{{\"name\":\"x\"}}\r\n"), true),
    ] {
        let mut wire = connect(&service).await;
        wire.write_all(sent.as_bytes()).await.unwrap();
        if is_finished {
            wire.shutdown().await.unwrap();
        }
        let heard = rest(&mut wire).await;
        assert!(heard.starts_with("HTTP/1.1 400 ") && heard.matches("HTTP/1.1 ").count() == 1, "{heard}");
        assert!(heard.contains("\"code\":\"bad_request\"") && heard.contains("connection: close"), "{heard}");
    }
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_request_behind_the_last_response_is_not_handled() {
    let (service, count) = spawn(ServerTimeouts::default());
    let name = format!("{{\"name\":\"{}\"}}", "x".repeat(300_000));
    let last = GET.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let (mut input, mut output) = connect(&service).await.into_split();
    let sent = format!("{last}{}", post(&name, name.len()));
    let sending = tokio::spawn(async move {
        drop(output.write_all(sent.as_bytes()).await);
        output
    });
    let heard = rest(&mut input).await;
    assert!(heard.starts_with("HTTP/1.1 200 ") && heard.matches("HTTP/1.1 ").count() == 1, "{heard}");
    drop(sending.await.unwrap());
    assert_eq!(count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_answered_with_431_and_no_reset() {
    let (service, _) = spawn(ServerTimeouts::default());
    let (mut input, mut output) = connect(&service).await.into_split();
    let head = format!("{}X: {}\r\n\r\n", &GET[..GET.len() - 2], "x".repeat(400_000));
    let sending = tokio::spawn(async move {
        drop(output.write_all(head.as_bytes()).await);
        output
    });
    let heard = rest(&mut input).await;
    assert!(heard.starts_with("HTTP/1.1 431 "), "{heard}");
    drop(sending.await.unwrap());
}
