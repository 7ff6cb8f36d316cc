//! Streams of answers: their places, their end, and what they leave to other requests.

use crate::app::{TestGateway, authorization, no_cache, spawn_configured};
use crate::wire::{Wire, header, status, upstream};
use futures_util::future::join_all;
use gateway::config::{ConcurrencyConfig, Config, RateLimitConfig, Timeouts};
use reqwest::Url;
use serde_json::json;
use shared_test_kit::Samples;
use shared_web::body_limits::MemoryBudget;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, timeout};

const CREATE: &str = "/api/v1/answers/create-answer";
const STREAM: &str = "/api/v1/answers/stream-answer/7";
const OTHER: &str = "/api/v1/answers/get-answer/7";
const COMMENT: &str = ": the server is stopping\n\n";
const LAST_CHUNK: &str = "0\r\n\r\n";
const SOON: Duration = Duration::from_secs(30);

const HEAD: &str = "HTTP/1.1 201 Created\r\nContent-Type: text/event-stream; charset=utf-8\r\nX-Accel-Buffering: no\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A service that streams what it is told to, to all who ask for streams, and answers other requests.
struct Streaming {
    url: Url,
    tell: broadcast::Sender<String>,
    /// The heads of the requests for streams.
    heads: mpsc::UnboundedReceiver<String>,
}

impl Streaming {
    async fn start() -> Self {
        let (tell, (asked, heads)) = (broadcast::Sender::<String>::new(100), mpsc::unbounded_channel());
        let said = tell.clone();
        let url = upstream(move |wire| serve(wire, said.clone(), asked.clone())).await;
        Self { url, tell, heads }
    }

    fn say(&self, events: &str) {
        self.tell.send(format!("{:x}\r\n{events}\r\n", events.len())).unwrap();
    }

    async fn asked(&mut self) -> String {
        timeout(SOON, self.heads.recv()).await.unwrap().unwrap()
    }

    fn gateway(&self, configure: impl FnOnce(&mut Config)) -> TestGateway {
        spawn_configured(&self.url, |config| {
            config.upstreams.answer = Some(self.url.clone());
            configure(config);
        })
    }
}

async fn serve(mut wire: Wire, said: broadcast::Sender<String>, asked: mpsc::UnboundedSender<String>) {
    while let Some(head) = wire.try_until("\r\n\r\n").await {
        if !(head.contains(STREAM) || head.contains(CREATE)) {
            // Without a length, it is streamed: such a body takes memory of the budget.
            wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\n\r\n").await;
            continue;
        }
        let mut said = said.subscribe();
        wire.say(HEAD).await;
        asked.send(head).unwrap();
        loop {
            tokio::select! {
                text = said.recv() => match text {
                    Ok(text) => {
                        if !wire.try_say(text.as_bytes()).await {
                            return;
                        }
                        if text == LAST_CHUNK {
                            break;
                        }
                    }
                    Err(_) => return,
                },
                () = wire.passes_by() => return,
            }
        }
    }
}

/// Asks for a stream, whose head is to come.
async fn ask(gateway: &TestGateway, method: &str, path: &str) -> Wire {
    ask_as(&authorization(), gateway, method, path).await
}

/// The same as this user.
async fn ask_as(user: &str, gateway: &TestGateway, method: &str, path: &str) -> Wire {
    let mut wire = gateway.wire().await;
    let more = if method == "POST" { "Content-Length: 0\r\n" } else { "Last-Event-ID: 41\r\n" };
    let head = format!("{method} {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n{more}{user}");
    wire.say(&format!("{head}\r\n")).await;
    wire
}

/// An open stream.
async fn open(gateway: &TestGateway, service: &mut Streaming) -> Wire {
    open_as(&authorization(), gateway, service).await
}

/// The same of this user.
async fn open_as(user: &str, gateway: &TestGateway, service: &mut Streaming) -> Wire {
    let mut wire = ask_as(user, gateway, "GET", STREAM).await;
    assert_eq!(status(&wire.head().await), 201);
    service.asked().await;
    wire
}

fn places(answers: usize) -> ConcurrencyConfig {
    ConcurrencyConfig { reads: 1, writes: 1, passwords: 1, answers, waiting: 1 }
}

#[tokio::test]
async fn a_stream_is_passed_on_event_by_event_with_its_headers() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|_| {});
    for (method, path) in [("GET", STREAM), ("POST", CREATE)] {
        let mut wire = ask(&gateway, method, path).await;
        let head = wire.head().await;
        let expected = (201, Some("text/event-stream; charset=utf-8"), Some("no"));
        assert_eq!(
            (status(&head), header(&head, "content-type"), header(&head, "x-accel-buffering")),
            expected
        );
        assert_eq!((header(&head, "content-encoding"), header(&head, "content-length")), (None, None));
        let asked = service.asked().await;
        assert_eq!(header(&asked, "last-event-id"), (method == "GET").then_some("41"));
        for id in 1..=3 {
            let event = format!("id: {id}\nevent: delta\ndata: {{}}\n\n");
            service.say(&event);
            wire.until(&event).await;
        }
    }
}

#[tokio::test]
async fn a_stream_outlives_the_token_that_opened_it() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|_| {});
    let mut wire = open(&gateway, &mut service).await;
    gateway.clock.advance(Duration::from_secs(365 * 86_400));
    service.say("data: 1\n\n");
    wire.until("data: 1\n\n").await;
}

#[tokio::test]
async fn streams_have_places_of_their_own_until_they_end() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|config| config.concurrency = Some(places(2)));
    let mut streams = [open(&gateway, &mut service).await, open(&gateway, &mut service).await];
    for (method, path) in [("GET", STREAM), ("POST", CREATE)] {
        let mut wire = ask(&gateway, method, path).await;
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), header(&head, "retry-after")), (503, Some("1")));
        assert!(body.contains("\"overloaded\""), "{body}");
    }
    let samples = Samples::of(&gateway.metrics).await;
    assert_eq!(samples.sum("limits_hit_total", &["limit=\"upstream_answer\""]), Some(2.0));
    gateway.user().get(OTHER).await.expect(200);
    gateway.user().post("/api/v1/answers/stop-answer/7", &json!({})).await.expect(200);

    service.tell.send(LAST_CHUNK.to_owned()).unwrap();
    for wire in &mut streams {
        wire.until(LAST_CHUNK).await;
    }
    open(&gateway, &mut service).await;
}

#[tokio::test]
async fn the_place_of_a_client_that_has_left_is_free() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|config| config.concurrency = Some(places(1)));
    drop(open(&gateway, &mut service).await);
    let deadline = Instant::now() + SOON;
    while status(&ask(&gateway, "GET", STREAM).await.head().await) == 503 {
        assert!(Instant::now() < deadline, "its place is not free");
    }
}

#[tokio::test]
async fn a_user_has_so_many_streams_at_once_and_others_have_theirs() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|config| {
        config.rate_limits = Some(RateLimitConfig { streams: 2, ..RateLimitConfig::default() });
    });
    let ann = authorization();
    let mut streams =
        [open_as(&ann, &gateway, &mut service).await, open_as(&ann, &gateway, &mut service).await];
    for (method, path) in [("GET", STREAM), ("POST", CREATE)] {
        let (head, body) = ask_as(&ann, &gateway, method, path).await.answer().await;
        assert_eq!((status(&head), header(&head, "retry-after")), (429, Some("1")));
        assert_eq!(header(&head, "ratelimit-policy"), Some("\"streams\";q=2;qu=\"concurrent-requests\""));
        assert!(body.contains("\"rate_limited\""), "{body}");
    }
    let samples = Samples::of(&gateway.metrics).await;
    assert_eq!(samples.sum("limits_hit_total", &["limit=\"streams\""]), Some(2.0));
    assert_eq!(status(&ask_as(&ann, &gateway, "GET", OTHER).await.head().await), 200);
    let _other = open(&gateway, &mut service).await;

    service.tell.send(LAST_CHUNK.to_owned()).unwrap();
    for wire in &mut streams {
        wire.until(LAST_CHUNK).await;
    }
    open_as(&ann, &gateway, &mut service).await;
}

#[tokio::test]
async fn a_request_that_is_not_answered_by_a_stream_takes_none_of_the_user() {
    let service = upstream(|mut wire| async move {
        while wire.try_until("\r\n\r\n").await.is_some() {
            wire.say("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").await;
        }
    })
    .await;
    let gateway = spawn_configured(&service, |config| {
        config.upstreams.answer = Some(service.clone());
        config.rate_limits = Some(RateLimitConfig { streams: 1, ..RateLimitConfig::default() });
    });
    let user = gateway.user();
    for _ in 0..3 {
        user.post(CREATE, &json!({})).await.expect(201);
    }
}

#[tokio::test]
async fn streams_take_no_memory_of_the_bodies_of_other_requests() {
    let mut service = Streaming::start().await;
    // A streamed body takes 128 KiB: eight of them would take all.
    let gateway = service.gateway(|config| config.server.bodies.memory = MemoryBudget::new(1 << 20));
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(open(&gateway, &mut service).await);
    }
    let user = gateway.user();
    let answers = join_all((0..20).map(|_| user.get("/api/v1/chats/get-chat"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    service.say("data: 1\n\n");
    for wire in &mut streams {
        wire.until("data: 1\n\n").await;
    }
}

#[tokio::test]
async fn at_a_stop_streams_end_at_once_with_a_comment() {
    let mut service = Streaming::start().await;
    let gateway = service.gateway(|_| {});
    let mut streams = [open(&gateway, &mut service).await, open(&gateway, &mut service).await];
    service.say("id: 1\ndata: 1\n\n");
    for wire in &mut streams {
        wire.until("data: 1\n\n\r\n").await;
    }
    // What has begun to make an answer is told of it.
    let mut made = ask(&gateway, "POST", CREATE).await;
    made.head().await;
    service.asked().await;

    let begun = Instant::now();
    gateway.stop();

    for wire in &mut streams {
        let end = wire.until(LAST_CHUNK).await;
        assert_eq!(end, format!("{:X}\r\n{COMMENT}\r\n{LAST_CHUNK}", COMMENT.len()));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    service.say("id: 1\nevent: start\ndata: {}\n\n");
    let end = made.until(LAST_CHUNK).await;
    assert!(end.contains("event: start") && end.contains(COMMENT), "{end}");
}

#[tokio::test]
async fn a_stream_ends_at_its_time_limit_and_a_silent_one_breaks() {
    let limits = [
        (Timeouts { stream: Duration::from_millis(300), ..no_cache() }, true),
        (Timeouts { response_body: Duration::from_millis(300), ..no_cache() }, false),
    ];
    for (timeouts, is_complete) in limits {
        let mut service = Streaming::start().await;
        let gateway = service.gateway(|config| config.timeouts = timeouts);
        let mut wire = open(&gateway, &mut service).await;
        if is_complete {
            assert!(wire.until(LAST_CHUNK).await.contains(": the stream has lasted"));
        } else {
            assert_eq!(wire.try_until(LAST_CHUNK).await, None);
        }
    }
}

#[tokio::test]
async fn a_stream_whose_head_does_not_come_is_a_504() {
    let silent = upstream(|mut wire| async move { drop(wire.rest().await) }).await;
    let gateway = spawn_configured(&silent, |config| {
        config.upstreams.answer = Some(silent.clone());
        config.timeouts = Timeouts { response_head: Duration::from_millis(300), ..no_cache() };
    });
    let mut wire = ask(&gateway, "POST", CREATE).await;
    assert_eq!(status(&wire.head().await), 504);
}
