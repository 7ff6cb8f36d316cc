//! Services that are unreachable, silent, or break off; and clients that stall.

use crate::app::{authorization, no_cache, spawn_before, spawn_before_with};
use crate::wire::{status, upstream, upstream_that_says};
use gateway::config::Timeouts;
use serde_json::json;
use shared_test_kit::unreachable_url;
use std::time::Duration;

const PATH: &str = "/api/v1/chats/get-chat";
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn an_unreachable_service_is_a_503_in_both_error_formats() {
    let gateway = spawn_before(&unreachable_url());
    let answer = gateway.user().get(PATH).await.expect(503);
    assert_eq!(answer.header("retry-after"), "1");
    let request_id = answer.header("x-request-id");
    let detail = "Service unavailable, try again";
    assert_eq!(
        answer.json(),
        json!({"detail": detail, "code": "service_unavailable", "request_id": request_id})
    );

    let answer = gateway.user().with_header("accept", "application/problem+json").get(PATH).await.expect(503);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!((&body["status"], &body["code"]), (&json!(503), &json!("service_unavailable")));
}

#[tokio::test]
async fn a_service_that_closes_without_a_response_is_a_503() {
    let service = upstream(|mut wire| async move {
        wire.head().await;
    })
    .await;
    let answer = spawn_before(&service).user().get(PATH).await.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
}

#[tokio::test]
async fn a_service_that_does_not_speak_http_is_a_503() {
    let service = upstream_that_says("what?\r\n\r\n").await;
    spawn_before(&service).user().get(PATH).await.expect(503);
}

#[tokio::test]
async fn a_service_that_does_not_respond_in_time_is_a_504_in_both_error_formats() {
    let service = upstream(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before_with(&service, Timeouts { response_head: SHORT, ..no_cache() });
    let answer = gateway.user().get(PATH).await.expect(504);
    assert_eq!(answer.json()["detail"], "The service did not answer in time");
    assert_eq!(answer.code(), "upstream_timeout");
    let answer = gateway.user().with_header("accept", "application/problem+json").get(PATH).await.expect(504);
    assert_eq!(
        (answer.json()["title"].as_str(), answer.code().as_str()),
        (Some("Gateway Timeout"), "upstream_timeout")
    );
}

#[tokio::test]
async fn a_service_that_does_not_read_the_body_is_a_504() {
    let service = upstream(|wire| async move {
        let _held = wire;
        std::future::pending::<()>().await;
    })
    .await;
    let gateway = spawn_before_with(&service, Timeouts { response_head: SHORT, ..no_cache() });
    let mut wire = gateway.wire().await;
    wire.say(&format!(
        "POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n{}\r\n",
        authorization()
    ))
    .await;
    let body = vec![b'x'; 0x100_0000];
    assert!(wire.try_say(&body).await);
    assert_eq!(status(&wire.head().await), 504);
}

#[tokio::test]
async fn a_stalled_request_body_is_a_408() {
    let service = upstream(|mut wire| async move {
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before_with(&service, Timeouts { request_body: SHORT, ..no_cache() });
    let mut wire = gateway.wire().await;
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n{}\r\none", authorization()))
        .await;
    let (head, body) = wire.answer().await;
    assert_eq!(status(&head), 408);
    assert!(body.contains("request_timeout"), "{body}");
}

#[tokio::test]
async fn a_stalled_response_body_breaks_the_response() {
    let service = upstream(|mut wire| async move {
        wire.head().await;
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n").await;
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before_with(&service, Timeouts { response_body: SHORT, ..no_cache() });
    let mut wire = gateway.wire().await;
    wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
    let answered = wire.rest().await;
    assert!(answered.contains("one") && !answered.ends_with("0\r\n\r\n"), "{answered}");
}
