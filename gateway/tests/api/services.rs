//! Services that respond in unusual ways: no client gets bytes that were not meant for it.

use crate::app::{TestGateway, authorization, spawn_before};
use crate::wire::{status, upstream, upstream_that_says};
use reqwest::Url;

const PATH: &str = "/api/v1/chats/get-chat";
const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";
const EVIL: &str = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

/// A service that says this to every request, on as many connections as it is given.
async fn service_that_repeats(answer: String) -> Url {
    upstream(move |mut wire| {
        let answer = answer.clone();
        async move {
            while wire.try_until("\r\n\r\n").await.is_some() {
                wire.say(&answer).await;
            }
        }
    })
    .await
}

async fn get(gateway: &TestGateway) -> String {
    gateway.user().get(PATH).await.expect(200).text
}

#[tokio::test]
async fn bytes_after_a_response_are_not_taken_for_the_next_one() {
    for (head, body) in [
        ("Content-Length: 4", "fine"),
        ("Transfer-Encoding: chunked", "4\r\nfine\r\n0\r\nX-Trailer: x\r\n\r\n"),
    ] {
        let service = service_that_repeats(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}{EVIL}")).await;
        let gateway = spawn_before(&service);
        for _ in 0..20 {
            assert_eq!(get(&gateway).await, "fine", "{head}");
        }
    }
}

#[tokio::test]
async fn bytes_after_a_response_without_a_body_are_not_its_body() {
    for (method, answer) in
        [("HEAD", FINE), ("GET", "HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil")]
    {
        let gateway = spawn_before(&service_that_repeats(answer.to_owned()).await);
        let mut wire = gateway.wire().await;
        for _ in 0..5 {
            wire.say(&format!("{method} {PATH} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
            let head = wire.head().await;
            assert!(head.starts_with("HTTP/1.1 20"), "{head}");
        }
    }
}

#[tokio::test]
async fn an_ambiguous_response_is_a_503() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4",
        "HTTP/1.1 200 OK\r\nContent-Length: 4, 4",
        "HTTP/1.1 200 OK\r\nContent-Length: -4",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked",
        "HTTP/1.1 200 OK\r\nX-Folded: a\r\n b",
        "HTTP/1.1 200 OK\r\nContent-Length : 4",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade",
    ] {
        let service = service_that_repeats(format!("{head}\r\n\r\n4\r\nfine\r\n0\r\n\r\n")).await;
        let answer = spawn_before(&service).user().get(PATH).await.expect(503);
        assert_eq!(answer.code(), "service_unavailable", "{head}");
    }
}

#[tokio::test]
async fn a_malformed_chunk_breaks_the_response() {
    for body in [
        "4\r\nfine!\r\n0\r\n\r\n",
        "4\r\nfine\r\n-0\r\n\r\n",
        "4\r\nfine\n0\r\n\r\n",
        "4\r\nfine\r\nx\r\n\r\n",
    ] {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
        let gateway = spawn_before(&service_that_repeats(format!("{head}\r\n\r\n{body}")).await);
        let mut wire = gateway.wire().await;
        wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
        let answered = wire.rest().await;
        assert!(!answered.ends_with("0\r\n\r\n"), "{body:?} {answered}");
    }
}

#[tokio::test]
async fn interim_responses_are_skipped() {
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n";
    let gateway = spawn_before(&service_that_repeats(format!("{interim}{FINE}")).await);
    for _ in 0..3 {
        assert_eq!(get(&gateway).await, "fine");
    }
    let endless = upstream_that_says("HTTP/1.1 100 Continue\r\n\r\n").await;
    spawn_before(&endless).user().get(PATH).await.expect(503);
}

#[tokio::test]
async fn a_connection_with_an_unfinished_request_body_is_not_reused() {
    let service = service_that_repeats(FINE.to_owned()).await;
    let gateway = spawn_before(&service);
    for _ in 0..5 {
        let mut wire = gateway.wire().await;
        wire.say(&format!(
            "POST {PATH} HTTP/1.1\r\nHost: a\r\n{}Content-Length: 80\r\n\r\n",
            authorization()
        ))
        .await;
        wire.say("GET /api/v1/chats/evil HTTP/1.1\r\n").await;
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), body.as_str()), (200, "fine"));
        assert_eq!(get(&gateway).await, "fine");
    }
}

#[tokio::test]
async fn a_request_body_goes_on_after_the_response_has_begun() {
    const LONG: usize = 0x40_0000;
    let service = upstream(|mut wire| async move {
        wire.head().await;
        wire.until("one").await;
        wire.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nyes\r\n").await;
        wire.bytes(LONG).await;
        wire.say("0\r\n\r\n").await;
        wire.rest().await;
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{}", authorization())).await;
    wire.say(&format!("Content-Length: {}\r\n\r\none", LONG + 3)).await;
    wire.until("yes").await;
    assert!(wire.try_say(&vec![b'x'; LONG]).await);
    wire.until("0\r\n\r\n").await;
}
