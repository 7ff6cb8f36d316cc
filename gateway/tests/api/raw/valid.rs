//! Unusual valid requests.

use super::{GET, POST};
use crate::app::{authorization, spawn_before};
use crate::wire::{header, status, upstream};
use reqwest::Url;

/// A service that answers each request with its first line and its body, the first of all last.
async fn echo() -> Url {
    upstream(|mut wire| async move {
        while let Some(head) = wire.try_until("\r\n\r\n").await {
            let body = super::body(&mut wire, &head).await.unwrap();
            let line = head.lines().next().unwrap();
            let told = format!("{line} {body}");
            let text = if line.starts_with("HEAD") { "" } else { told.as_str() };
            let length = told.len();
            wire.say(&format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}")).await;
        }
    })
    .await
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let gateway = spawn_before(&echo().await);
    let token = authorization();
    let mut wire = gateway.wire().await;
    wire.say(&format!(
        "{GET}Host: a\r\n{token}\r\n{POST}{token}Content-Length: 3\r\n\r\none\
         {POST}{token}Transfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n{GET}Host: a\r\n{token}\r\n"
    ))
    .await;
    for expected in [
        "GET /api/v1/chats/get-chat HTTP/1.1 ",
        "POST /api/v1/messages/add-message HTTP/1.1 one",
        "POST /api/v1/messages/add-message HTTP/1.1 two",
        "GET /api/v1/chats/get-chat HTTP/1.1 ",
    ] {
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), header(&head, "connection"), body.as_str()), (200, None, expected));
    }
    wire.finish().await;
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn requests_after_a_closing_response_are_not_served() {
    let gateway = spawn_before(&echo().await);
    let token = authorization();
    for closing in ["Host: a\r\nConnection: close\r\n", "Host: a b\r\n"] {
        for asked in ["/api/v1/chats/x", "/health"] {
            let mut wire = gateway.wire().await;
            let next = format!("{GET}Host: a\r\n{token}\r\n");
            wire.say(&format!("GET {asked} HTTP/1.1\r\n{closing}{token}\r\n{next}")).await;
            let (head, _) = wire.answer().await;
            assert_eq!(header(&head, "connection"), Some("close"));
            wire.finish().await;
            assert_eq!(wire.rest().await, "", "{asked}, {closing}");
        }
    }
}

#[tokio::test]
async fn expect_100_continue_is_answered_before_the_body() {
    let gateway = spawn_before(&echo().await);
    let mut wire = gateway.wire().await;
    let token = authorization();
    wire.say(&format!("{POST}{token}Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
    assert_eq!(wire.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    wire.say("3\r\none\r\n0\r\nX-Sum: 1\r\n\r\n").await;
    let (head, body) = wire.answer().await;
    assert_eq!((status(&head), body.as_str()), (200, "POST /api/v1/messages/add-message HTTP/1.1 one"));
}

#[tokio::test]
async fn a_websocket_upgrade_is_ignored() {
    let gateway = spawn_before(&echo().await);
    let mut wire = gateway.wire().await;
    let token = authorization();
    wire.say(&format!("{GET}Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{token}\r\n")).await;
    let (head, body) = wire.answer().await;
    assert_eq!((status(&head), body.as_str()), (200, "GET /api/v1/chats/get-chat HTTP/1.1 "));
}
