//! Responses: streamed, whole, or visibly broken.

use crate::app::{authorization, spawn_before};
use crate::wire::{Wire, header, status, upstream, upstream_that_says};
use reqwest::Url;
use std::sync::Arc;
use tokio::sync::Notify;

const PATH: &str = "/api/v1/chats/get-chat";

async fn ask(gateway: &crate::app::TestGateway, method: &str) -> Wire {
    let mut wire = gateway.wire().await;
    wire.say(&format!("{method} {PATH} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
    wire
}

#[tokio::test]
async fn a_response_is_streamed_as_it_arrives() {
    for (head, first, second) in [
        ("Transfer-Encoding: chunked", "3\r\none\r\n", "3\r\ntwo\r\n0\r\n\r\n"),
        ("Content-Length: 6", "one", "two"),
    ] {
        let was_read = Arc::new(Notify::new());
        let service =
            holds_back(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{first}"), second, &was_read).await;
        let gateway = spawn_before(&service);
        let mut wire = ask(&gateway, "GET").await;
        let answered = wire.until("one").await;
        assert!(answered.to_lowercase().contains(&head.to_lowercase()), "{answered}");
        was_read.notify_one();
        wire.until("two").await;
    }
}

/// A service that says the second half once the first was read.
async fn holds_back(first: String, second: &'static str, was_read: &Arc<Notify>) -> Url {
    let was_read = Arc::clone(was_read);
    upstream(move |mut wire| {
        let (was_read, first) = (Arc::clone(&was_read), first.clone());
        async move {
            wire.head().await;
            wire.say(&first).await;
            was_read.notified().await;
            wire.say(second).await;
            wire.rest().await;
        }
    })
    .await
}

#[tokio::test]
async fn a_broken_response_does_not_look_complete() {
    let service = upstream_that_says("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none").await;
    let gateway = spawn_before(&service);
    let answered = ask(&gateway, "GET").await.rest().await;
    assert!(answered.is_empty() || (answered.contains("content-length: 6") && answered.ends_with("one")));

    let service =
        upstream_that_says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").await;
    let gateway = spawn_before(&service);
    let answered = ask(&gateway, "GET").await.rest().await;
    assert!(!answered.ends_with("0\r\n\r\n"), "{answered}");

    let url = gateway.url.join(PATH).unwrap();
    let authorization = authorization();
    let (_, token) = authorization.trim().split_once(": ").unwrap();
    let request = reqwest::Client::new().get(url).header("authorization", token);
    let read = match request.send().await {
        Ok(answer) => answer.bytes().await,
        Err(error) => Err(error),
    };
    assert!(read.is_err());
}

#[tokio::test]
async fn a_response_delimited_by_close_arrives_whole() {
    let service = upstream_that_says("HTTP/1.0 200 OK\r\n\r\nall of it").await;
    let gateway = spawn_before(&service);
    let answer = gateway.user().get(PATH).await.expect(200);
    assert_eq!(answer.text, "all of it");
}

#[tokio::test]
async fn head_has_the_content_length_of_get() {
    let service = upstream_that_says(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 123\r\nLink: <x>\r\n\r\n",
    )
    .await;
    let gateway = spawn_before(&service);
    let mut wire = ask(&gateway, "HEAD").await;
    let head = wire.head().await;
    assert_eq!(
        (status(&head), header(&head, "content-length"), header(&head, "link")),
        (200, Some("123"), Some("<x>"))
    );
    // Nothing follows: the next thing on this connection is the next answer.
    wire.say(&format!("HEAD {PATH} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{}\r\n", authorization()))
        .await;
    assert!(wire.rest().await.starts_with("HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn a_response_without_a_body_stays_without_one() {
    let service = upstream_that_says("HTTP/1.1 204 No Content\r\n\r\n").await;
    let gateway = spawn_before(&service);
    let head = ask(&gateway, "DELETE").await.head().await;
    assert_eq!((status(&head), header(&head, "transfer-encoding")), (204, None));
}

#[tokio::test]
async fn redirects_are_passed_on_and_not_followed() {
    let service = upstream_that_says(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let gateway = spawn_before(&service);
    let head = ask(&gateway, "GET").await.head().await;
    assert_eq!((status(&head), header(&head, "location")), (307, Some("/elsewhere")));
}

#[tokio::test]
async fn errors_of_a_service_pass_through_unchanged() {
    let service = upstream_that_says(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 7\r\nContent-Length: 14\r\n\r\n{\"detail\":\"x\"}",
    )
    .await;
    let gateway = spawn_before(&service);
    let answer = gateway.user().get(PATH).await.expect(503);
    assert_eq!((answer.text.as_str(), answer.header("retry-after")), ("{\"detail\":\"x\"}", "7"));
}
