//! `Expect: 100-continue`.

use super::post;
use crate::app::{authorization, only_request, spawn_deployment};
use crate::wire::{header, status};
use reqwest::Method;

#[tokio::test]
async fn expect_100_continue_is_honoured() {
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    post(&mut wire, "Expect: 100-continue\r\nContent-Length: 3\r\n").await;
    assert_eq!(status(&wire.head().await), 100);

    wire.say("one").await;
    assert_eq!(status(&wire.head().await), 200);

    let request = only_request(&deployment.branch).await;
    assert_eq!((request.body.as_slice(), request.headers.contains_key("expect")), (&b"one"[..], false));
}

#[tokio::test]
async fn a_request_decided_by_its_head_gets_no_100_continue() {
    let deployment = spawn_deployment().await;
    let token = authorization();
    let known = "Content-Length: 3\r\n";
    for (line, headers, told) in [
        ("POST /api/v1/messages/add-message", known.to_owned(), 401),
        ("POST /api/v1/nothing", known.to_owned(), 404),
        ("POST /nothing", known.to_owned(), 404),
        ("POST /api/v1/%00", known.to_owned(), 400),
        ("TRACE /api/v1/messages/add-message", known.to_owned(), 501),
        ("POST /api/v1/messages/add-message", format!("{token}X_Request_Id: 1\r\n{known}"), 400),
        ("POST /api/v1/messages/add-message", format!("{token}{}{known}", "X: y\r\n".repeat(90)), 431),
        ("POST /api/v1/messages/add-message", format!("{token}Content-Length: 16777217\r\n"), 413),
        ("POST /api/v1/messages/add-message", format!("{token}Content-Encoding: gzip\r\n{known}"), 415),
        ("POST /api/v1/messages/add-message", "Transfer-Encoding: chunked\r\n".to_owned(), 401),
        ("POST /nothing", "Transfer-Encoding: chunked\r\n".to_owned(), 404),
    ] {
        let mut wire = deployment.gateway.wire().await;
        wire.say(&format!("{line} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{headers}\r\n")).await;
        let (head, _) = wire.answer().await;
        // Nothing else can follow, as the client may send the body or not.
        assert_eq!((status(&head), header(&head, "connection")), (told, Some("close")), "{line} {headers}");
        wire.finish().await;
        assert_eq!(wire.rest().await, "", "{line} {headers}");
    }

    let received = deployment.branch.received_requests().await.unwrap();

    assert!(received.iter().all(|request| request.method == Method::OPTIONS), "{received:?}");
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_100_continue_is_served() {
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    for _ in 0..3 {
        post(&mut wire, "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n").await;
        wire.say("3\r\none\r\n0\r\n\r\n").await;
        let mut head = wire.head().await;
        if status(&head) == 100 {
            head = wire.head().await;
        }
        assert_eq!((status(&head), header(&head, "connection")), (200, None));
        wire.bytes(4).await;
    }
    let received = deployment.branch.received_requests().await.unwrap();
    assert_eq!(received.iter().filter(|request| request.body == b"one").count(), 3);

    // Without a body there is nothing to continue with.
    wire.say(&format!(
        "GET /api/v1/chats/get-chat HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{}\r\n",
        authorization()
    ))
    .await;
    assert_eq!(status(&wire.head().await), 200);
}
