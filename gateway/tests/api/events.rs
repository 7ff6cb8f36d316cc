//! Server-sent events: streamed one by one, for as long as both sides stay.

use crate::app::{authorization, no_cache, spawn_before, spawn_before_with};
use crate::wire::{Wire, header, status, upstream};
use gateway::config::Timeouts;
use reqwest::Url;
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

const PATH: &str = "/api/v1/messages/add-message";
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A service that says what it is told to, and tells when it was asked and when the connection has ended.
async fn service() -> (Url, UnboundedSender<String>, UnboundedReceiver<Instant>) {
    let (tell, said) = unbounded_channel::<String>();
    let (happened, times) = unbounded_channel();
    let said = std::sync::Arc::new(tokio::sync::Mutex::new(said));
    let url = upstream(move |mut wire| {
        let (said, happened) = (said.clone(), happened.clone());
        async move {
            wire.head().await;
            happened.send(Instant::now()).unwrap();
            let mut said = said.lock().await;
            loop {
                tokio::select! {
                    text = said.recv() => match text {
                        Some(text) => drop(wire.try_say(text.as_bytes()).await),
                        None => return,
                    },
                    _ = wire.rest() => break,
                }
            }
            happened.send(Instant::now()).unwrap();
        }
    })
    .await;
    (url, tell, times)
}

fn chunk(event: &str) -> String {
    format!("{:x}\r\n{event}\r\n", event.len())
}

async fn ask(wire: &mut Wire) {
    wire.say(&format!(
        "GET {PATH} HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\n{}\r\n",
        authorization()
    ))
    .await;
}

#[tokio::test]
async fn server_sent_events_arrive_one_by_one() {
    let (url, tell, _times) = service().await;
    let gateway = spawn_before(&url);
    let mut wire = gateway.wire().await;
    ask(&mut wire).await;
    tell.send(HEAD.to_owned()).unwrap();
    let head = wire.head().await;
    assert_eq!((status(&head), header(&head, "content-type")), (200, Some("text/event-stream")));
    assert_eq!((header(&head, "content-encoding"), header(&head, "content-length")), (None, None));
    let mut fastest = Duration::MAX;
    for number in 0..20 {
        let event = format!("data: {number}\n\n");
        let sent = Instant::now();
        tell.send(chunk(&event)).unwrap();
        // The next one is sent only when this one was read, so none waits for another.
        wire.until(&event).await;
        fastest = fastest.min(sent.elapsed());
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

#[tokio::test]
async fn a_stream_has_no_length_even_if_its_service_told_one() {
    let (head, event) =
        ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\n", "data: 1\n\n");
    // The body comes with the head, after it, and never.
    for (method, first, rest) in
        [("GET", head.to_owned() + event, ""), ("GET", head.to_owned(), event), ("HEAD", head.to_owned(), "")]
    {
        let (url, tell, _times) = service().await;
        let gateway = spawn_before(&url);
        let mut wire = gateway.wire().await;
        wire.say(&format!(
            "{method} {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n",
            authorization()
        ))
        .await;
        tell.send(first).unwrap();
        let head = wire.head().await;
        assert_eq!((status(&head), header(&head, "content-length")), (200, None), "{method} {head}");
        tell.send(rest.to_owned()).unwrap();
        let body = if method == "HEAD" { String::new() } else { chunk(event) + "0\r\n\r\n" };
        assert_eq!(wire.rest().await, body);
    }
}

#[tokio::test]
async fn comments_keep_a_stream_open_past_the_response_body_timeout() {
    let (url, tell, _times) = service().await;
    let gateway = spawn_before_with(&url, Timeouts { response_body: Duration::from_secs(1), ..no_cache() });
    let mut wire = gateway.wire().await;
    ask(&mut wire).await;
    tell.send(HEAD.to_owned()).unwrap();
    wire.head().await;
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(200));
    while began.elapsed() < Duration::from_millis(2500) {
        ticks.tick().await;
        tell.send(chunk(":\n\n")).unwrap();
        wire.until(":\n\n").await;
    }
    tell.send("0\r\n\r\n".to_owned()).unwrap();
    wire.until("0\r\n\r\n").await;
}

#[tokio::test]
async fn a_client_disconnect_ends_the_stream_at_the_service_within_1_s() {
    for head_came in [true, false] {
        let (url, tell, mut times) = service().await;
        let gateway = spawn_before(&url);
        let mut wire = gateway.wire().await;
        ask(&mut wire).await;
        times.recv().await.unwrap();
        if head_came {
            tell.send(format!("{HEAD}{}", chunk("data: 1\n\n"))).unwrap();
            wire.until("data: 1").await;
        }
        drop(wire);
        let left = Instant::now();
        let ended = timeout(Duration::from_secs(10), times.recv()).await.unwrap().unwrap();
        assert!(ended.duration_since(left) < Duration::from_secs(1), "{head_came}");
    }
}
