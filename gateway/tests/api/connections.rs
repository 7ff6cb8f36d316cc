//! Clients' connections: invalid bytes after a request, stalled heads, HTTP/1.0.

use crate::app::{authorization, spawn_before, spawn_configured};
use crate::wire::{header, headers, status, upstream, upstream_that_says};
use shared_web::timeouts::ServerTimeouts;
use std::time::Duration;

const PATH: &str = "/api/v1/messages/get-messages";
const POST: &str = "POST /api/v1/messages/add-message HTTP/1.1\r\nHost: a\r\n";

#[tokio::test]
async fn a_stalled_second_head_ends_with_the_idle_timeout() {
    let service = upstream_that_says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine").await;
    let times = ServerTimeouts { idle: Duration::from_millis(300), ..ServerTimeouts::default() };
    let gateway = spawn_configured(&service, |config| config.server.times = times);
    for said in ["G", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n"] {
        let mut wire = gateway.wire().await;
        wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n{}\r\n{said}", authorization())).await;
        assert_eq!(status(&wire.answer().await.0), 200);
        assert_eq!(wire.rest().await, "", "{said:?}");
    }
}

#[tokio::test]
async fn a_request_followed_by_invalid_bytes_is_answered() {
    let service = upstream(|mut wire| async move {
        while wire.try_until("\r\n\r\nhello").await.is_some() {
            wire.say("HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nfine").await;
        }
    })
    .await;
    let gateway = spawn_before(&service);
    for more in ["}".to_owned(), "\"}".to_owned(), "}".repeat(300_000)] {
        let mut wire = gateway.wire().await;
        wire.say(&format!("{POST}Content-Length: 5\r\n{}\r\nhello", authorization())).await;
        wire.try_say(more.as_bytes()).await;
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), body.as_str(), header(&head, "connection")), (201, "fine", Some("close")));
        assert_eq!(wire.rest().await, "");
    }
}

#[tokio::test]
async fn malformed_chunks_are_a_400_in_both_error_formats() {
    let service = upstream(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before(&service);
    for (accept, shape) in [
        ("", "\"detail\":\"The body ended too early\""),
        ("Accept: application/problem+json\r\n", "\"title\":\"Bad Request\""),
    ] {
        let mut wire = gateway.wire().await;
        let chunks = "Transfer-Encoding: chunked\r\n";
        wire.say(&format!("{POST}{accept}{chunks}{}\r\n5\r\nhelloworld\r\n0\r\n\r\n", authorization())).await;
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), header(&head, "connection")), (400, Some("close")), "{body}");
        assert!(body.contains(shape) && body.contains("\"code\":\"bad_request\""), "{body}");
        assert_eq!(wire.rest().await, "");
    }
}

#[tokio::test]
async fn http_1_0_clients_get_no_chunks() {
    let long = format!("\"{}\"", "x".repeat(3000));
    let media_type = "Content-Type: application/json\r\n";
    let chunked = format!(
        "HTTP/1.1 200 OK\r\n{media_type}Transfer-Encoding: chunked\r\n\r\nbba\r\n{long}\r\n0\r\n\r\n"
    );
    let whole = format!("HTTP/1.1 200 OK\r\n{media_type}Content-Length: {}\r\n\r\n{long}", long.len());
    for (answer, length) in [(chunked, None), (whole, Some("3002"))] {
        let service = upstream(move |mut wire| {
            let answer = answer.clone();
            async move {
                wire.head().await;
                wire.say(&answer).await;
            }
        })
        .await;
        let gateway = spawn_before(&service);
        let mut wire = gateway.wire().await;
        let asked = "Connection: keep-alive\r\nAccept-Encoding: gzip\r\n";
        wire.say(&format!("GET {PATH} HTTP/1.0\r\n{asked}{}\r\n", authorization())).await;
        let head = wire.head().await;
        assert!(head.starts_with("HTTP/1.0 200 "), "{head}");
        assert_eq!(
            (
                header(&head, "transfer-encoding"),
                header(&head, "content-encoding"),
                header(&head, "content-length")
            ),
            (None, None, length),
            "{head}"
        );
        assert_eq!(headers(&head, "connection"), if length.is_some() { vec!["keep-alive"] } else { vec![] });
        let body = if length.is_some() {
            String::from_utf8(wire.bytes(3002).await).unwrap()
        } else {
            wire.rest().await
        };
        assert_eq!(body, long);
    }
}
