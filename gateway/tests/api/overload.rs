//! Concurrency limits: more requests than a replica may have at once.

use crate::app::{authorization, spawn_configured};
use crate::wire::{header, status, upstream};
use futures_util::future::join_all;
use gateway::config::{ConcurrencyConfig, Config};
use reqwest::Url;
use serde_json::json;
use shared_test_kit::Samples;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::{Instant, timeout};

const READ: &str = "/api/v1/chats/get-chat";
const WRITE: &str = "/api/v1/chats/create-chat";
const FINE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]";
const SOON: Duration = Duration::from_secs(30);

fn one_of_each(config: &mut Config) {
    config.concurrency =
        Some(ConcurrencyConfig { reads: 1, writes: 1, passwords: 1, answers: 1, waiting: 1 });
}

/// A service that says when it has a request, and answers as often as it is let.
struct Slow {
    url: Url,
    begun: mpsc::UnboundedReceiver<()>,
    may_answer: Arc<Semaphore>,
}

impl Slow {
    async fn start() -> Self {
        let (heard, begun) = mpsc::unbounded_channel();
        let may_answer = Arc::new(Semaphore::new(0));
        let answers = Arc::clone(&may_answer);
        let url = upstream(move |mut wire| {
            let (heard, answers) = (heard.clone(), Arc::clone(&answers));
            async move {
                wire.head().await;
                heard.send(()).unwrap();
                answers.acquire().await.unwrap().forget();
                wire.say(FINE).await;
            }
        })
        .await;
        Self { url, begun, may_answer }
    }

    async fn has_one(&mut self) {
        timeout(SOON, self.begun.recv()).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_full_queue_answers_503_and_other_classes_are_served() {
    let mut service = Slow::start().await;
    let gateway = spawn_configured(&service.url, one_of_each);
    let user = gateway.user();
    let asking = tokio::spawn({
        let user = user.clone();
        async move { user.get(READ).await }
    });
    service.has_one().await;
    // One queues in vain, for the others the queue is full.
    let begun = Instant::now();
    let answers = join_all((0..5).map(|_| user.get(READ))).await;
    assert!(begun.elapsed() < SOON);
    for answer in answers {
        let answer = answer.expect(503);
        assert_eq!(answer.header("retry-after"), "1");
        let (detail, id) = ("The service is overloaded, try again", answer.header("x-request-id"));
        assert_eq!(answer.json(), json!({"detail": detail, "code": "overloaded", "request_id": id}));
    }
    let series = Samples::of(&gateway.metrics).await;
    assert_eq!(series.sum("limits_hit_total", &["limit=\"upstream_chat\""]), Some(5.0));
    assert_eq!(series.sum("limits_hit_total", &["limit=\"upstream_auth\""]), Some(0.0));

    // Other classes have permits of their own.
    service.may_answer.add_permits(2);
    user.post(WRITE, &json!({})).await.expect(200);
    asking.await.unwrap().expect(200);
    service.may_answer.add_permits(1);
    user.get(READ).await.expect(200);
}

#[tokio::test]
async fn queued_requests_are_served() {
    let mut service = Slow::start().await;
    let gateway = spawn_configured(&service.url, |config| {
        config.concurrency =
            Some(ConcurrencyConfig { reads: 1, writes: 1, passwords: 1, answers: 1, waiting: 100 });
    });
    let user = gateway.user();
    service.may_answer.add_permits(20);
    let answers = join_all((0..20).map(|_| user.get(READ))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    service.has_one().await;
}

#[tokio::test]
async fn a_stalled_request_body_gives_up_its_permit() {
    let (heard, mut begun) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            if wire.head().await.contains("content-length: 9\r\n") {
                heard.send(()).unwrap();
                wire.until("the rest").await;
            }
            wire.say(FINE).await;
        }
    })
    .await;
    let gateway = spawn_configured(&service, one_of_each);
    let mut wire = gateway.wire().await;
    let head = format!("POST {WRITE} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n{}\r\n", authorization());
    wire.say(&format!("{head} ")).await;
    timeout(SOON, begun.recv()).await.unwrap().unwrap();
    let deadline = Instant::now() + SOON;
    while gateway.user().post(WRITE, &json!({})).await.status == 503 {
        assert!(Instant::now() < deadline, "its permit is not given up");
    }
    wire.say("the rest").await;
    assert_eq!(status(&wire.head().await), 200);
    // Both permits are one again.
    gateway.user().post(WRITE, &json!({})).await.expect(200);
}

#[tokio::test]
async fn a_long_response_body_holds_no_permit() {
    let (heard, mut begun) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            wire.head().await;
            wire.say("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n").await;
            heard.send(()).unwrap();
            wire.rest().await;
        }
    })
    .await;
    let gateway = spawn_configured(&service, one_of_each);
    let mut listeners = Vec::new();
    for _ in 0..5 {
        let mut wire = gateway.wire().await;
        wire.say(&format!("GET {READ} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
        let head = wire.head().await;
        assert_eq!((status(&head), header(&head, "content-type")), (200, Some("text/event-stream")));
        timeout(SOON, begun.recv()).await.unwrap().unwrap();
        listeners.push(wire);
    }
}
