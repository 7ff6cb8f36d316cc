//! Bodies are streamed as they arrive, and arrive whole or not at all.

use super::{PATH, post};
use crate::app::{only_request, spawn_before, spawn_deployment};
use crate::wire::{header, status, upstream};
use shared_web::body_limits::MAX_BODY_BYTES;
use tokio::sync::mpsc;

const FINE: &str = "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nfine";

#[tokio::test]
async fn a_request_body_is_streamed_as_it_arrives() {
    let (heard, mut pieces) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            let head = wire.head().await;
            heard.send(header(&head, "content-length").unwrap_or("none").to_owned()).unwrap();
            heard.send(wire.until("one").await).unwrap();
            heard.send(wire.until("two").await).unwrap();
            wire.say(FINE).await;
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Content-Length: 6\r\n").await;
    wire.say("one").await;
    assert_eq!(pieces.recv().await.unwrap(), "6");
    // The second half is sent only when the service has the first.
    assert_eq!(pieces.recv().await.unwrap(), "one");

    wire.say("two").await;
    assert_eq!(pieces.recv().await.unwrap(), "two");

    let (head, body) = wire.answer().await;
    assert_eq!((status(&head), body.as_str()), (201, "fine"));
}

#[tokio::test]
async fn a_body_of_unknown_length_stays_of_unknown_length() {
    let (heard, mut heads) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            heard.send(wire.head().await).unwrap();
            assert_eq!(wire.until("0\r\n\r\n").await, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
            wire.say(FINE).await;
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Transfer-Encoding: chunked\r\n").await;
    wire.say("3\r\none\r\n").await;
    let head = heads.recv().await.unwrap();
    assert_eq!(
        (header(&head, "content-length"), header(&head, "transfer-encoding")),
        (None, Some("chunked"))
    );

    wire.say("3\r\ntwo\r\n0\r\n\r\n").await;
    assert_eq!(status(&wire.head().await), 201);
}

#[tokio::test]
async fn a_post_without_a_body_has_none_at_the_service() {
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    post(&mut wire, "").await;
    assert_eq!(status(&wire.head().await), 200);

    let request = only_request(&deployment.branch).await;
    assert!(request.body.is_empty());
    assert!(!request.headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn a_body_of_the_maximum_size_arrives_whole() {
    let deployment = spawn_deployment().await;
    let body = "x".repeat(MAX_BODY_BYTES);
    let user = deployment.gateway.user();
    user.send(reqwest::Method::POST, PATH, Some(body)).await.expect(200);

    assert_eq!(only_request(&deployment.branch).await.body.len(), MAX_BODY_BYTES);
}

#[tokio::test]
async fn an_aborted_request_is_aborted_at_the_service() {
    let (heard, mut bodies) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            wire.head().await;
            wire.until("one\r\n").await;
            heard.send(String::new()).unwrap();
            heard.send(wire.rest().await).unwrap();
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Transfer-Encoding: chunked\r\n").await;
    wire.say("3\r\none\r\n").await;
    bodies.recv().await.unwrap();
    wire.finish().await;

    assert_eq!(bodies.recv().await.unwrap(), "");
    assert_eq!(wire.rest().await, "");
}

#[tokio::test]
async fn a_response_before_the_end_of_the_request_body_arrives() {
    let service = upstream(|mut wire| async move {
        wire.head().await;
        wire.say("HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone").await;
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Content-Length: 8388608\r\n").await;
    let piece = vec![b'x'; 0x10_0000];
    for _ in 0..8 {
        assert!(wire.try_say(&piece).await);
    }

    let (head, body) = wire.answer().await;

    assert_eq!((status(&head), body.as_str()), (404, "gone"));
}
