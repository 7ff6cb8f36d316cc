//! Request bodies: streamed, bounded, and never cut short unnoticed.

use crate::app::{
    authorization, no_cache, nobody, only_request, spawn_before, spawn_before_with, spawn_configured,
    spawn_house,
};
use crate::wire::{Wire, header, status, upstream};
use gateway::config::Timeouts;
use reqwest::Method;
use shared_web::body_limits::{BodyLimits, MemoryBudget, MinRate};
use shared_web::body_limits::{MAX_AUTH_BODY_BYTES, MAX_BODY_BYTES};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use wiremock::matchers::{any, method};
use wiremock::{Mock, ResponseTemplate};

const PATH: &str = "/api/v1/messages/add-message";
const FINE: &str = "HTTP/1.1 201 Created\r\nContent-Length: 4\r\n\r\nfine";

async fn post(wire: &mut Wire, headers: &str) {
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\n{}{headers}\r\n", authorization())).await;
}

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
    let house = spawn_house().await;
    let mut wire = house.gateway.wire().await;
    post(&mut wire, "").await;
    assert_eq!(status(&wire.head().await), 200);
    let request = only_request(&house.branch).await;
    assert!(request.body.is_empty());
    assert!(!request.headers.contains_key("transfer-encoding"));
}

#[tokio::test]
async fn a_body_of_the_maximum_size_arrives_whole() {
    let house = spawn_house().await;
    let body = "x".repeat(MAX_BODY_BYTES);
    let user = house.gateway.user();
    user.send(reqwest::Method::POST, PATH, Some(body)).await.expect(200);
    assert_eq!(only_request(&house.branch).await.body.len(), MAX_BODY_BYTES);
}

#[tokio::test]
async fn an_announced_oversized_body_is_refused_before_it_is_sent() {
    let house = spawn_house().await;
    let mut wire = house.gateway.wire().await;
    post(&mut wire, &format!("Content-Length: {}\r\n", MAX_BODY_BYTES + 1)).await;
    let (head, body) = wire.answer().await;
    assert_eq!(status(&head), 413);
    assert!(body.contains("payload_too_large"), "{body}");
    // The service was asked for no more than which methods the route has.
    let request = only_request(&house.branch).await;
    assert_eq!((request.method.as_str(), request.body.len()), ("OPTIONS", 0));
}

#[tokio::test]
async fn a_wrong_path_or_method_takes_precedence_over_an_oversized_body() {
    for (answer, told) in [
        (ResponseTemplate::new(404), 404),
        (ResponseTemplate::new(405).insert_header("allow", "GET, HEAD"), 405),
        (ResponseTemplate::new(405).insert_header("allow", "POST"), 413),
        (ResponseTemplate::new(503), 413),
    ] {
        let house = spawn_house().await;
        house.branch.reset().await;
        Mock::given(any()).respond_with(answer).mount(&house.branch).await;
        let mut wire = house.gateway.wire().await;
        post(&mut wire, &format!("Content-Length: {}\r\n", MAX_BODY_BYTES + 1)).await;
        assert_eq!(status(&wire.head().await), told);
    }
}

#[tokio::test]
async fn a_client_that_keeps_sending_after_a_413_still_reads_it() {
    let house = spawn_house().await;
    for chunked in [false, true] {
        let mut wire = house.gateway.wire().await;
        let piece = vec![b'x'; 0x1_0000];
        if chunked {
            post(&mut wire, "Transfer-Encoding: chunked\r\n").await;
        } else {
            post(&mut wire, "Content-Length: 17825792\r\n").await;
        }
        // 17 MiB, all of it, before the first look at the answer, as simple clients do.
        for _ in 0..272 {
            if chunked {
                assert!(wire.try_say(b"10000\r\n").await);
            }
            assert!(wire.try_say(&piece).await);
            if chunked {
                assert!(wire.try_say(b"\r\n").await);
            }
        }
        if chunked {
            assert!(wire.try_say(b"0\r\n\r\n").await);
        }
        let (head, body) = wire.answer().await;
        assert_eq!(status(&head), 413);
        assert!(body.contains("payload_too_large"), "{body}");
    }
}

#[tokio::test]
async fn an_endless_refused_body_is_not_read_for_ever() {
    let house = spawn_house().await;
    let mut wire = house.gateway.wire().await;
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        .await;
    let head = wire.head().await;
    assert_eq!((status(&head), header(&head, "connection")), (401, Some("close")));

    let mut wire = house.gateway.wire().await;
    post(&mut wire, "Transfer-Encoding: chunked\r\n").await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    for _ in 0..17 {
        assert!(wire.try_say(chunk.as_bytes()).await);
    }
    let head = wire.head().await;
    assert_eq!((status(&head), header(&head, "connection")), (413, Some("close")));
}

#[tokio::test]
async fn an_oversized_body_is_never_complete_at_the_service() {
    let (heard, mut ends) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            wire.head().await;
            let body = wire.rest().await;
            heard.send(body.ends_with("0\r\n\r\n")).unwrap();
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Transfer-Encoding: chunked\r\n").await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    for _ in 0..17 {
        wire.try_say(chunk.as_bytes()).await;
    }
    assert_eq!(status(&wire.head().await), 413);
    assert!(!ends.recv().await.unwrap());
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
async fn expect_100_continue_is_honoured() {
    let house = spawn_house().await;
    let mut wire = house.gateway.wire().await;
    post(&mut wire, "Expect: 100-continue\r\nContent-Length: 3\r\n").await;
    assert_eq!(status(&wire.head().await), 100);
    wire.say("one").await;
    assert_eq!(status(&wire.head().await), 200);
    let request = only_request(&house.branch).await;
    assert_eq!((request.body.as_slice(), request.headers.contains_key("expect")), (&b"one"[..], false));
}

#[tokio::test]
async fn a_request_decided_by_its_head_gets_no_100_continue() {
    let house = spawn_house().await;
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
        let mut wire = house.gateway.wire().await;
        wire.say(&format!("{line} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{headers}\r\n")).await;
        let (head, _) = wire.answer().await;
        // Nothing else can follow, as the client may send the body or not.
        assert_eq!((status(&head), header(&head, "connection")), (told, Some("close")), "{line} {headers}");
        wire.finish().await;
        assert_eq!(wire.rest().await, "", "{line} {headers}");
    }
    let received = house.branch.received_requests().await.unwrap();
    assert!(received.iter().all(|request| request.method == Method::OPTIONS), "{received:?}");
}

#[tokio::test]
async fn a_client_that_does_not_wait_for_100_continue_is_served() {
    let house = spawn_house().await;
    let mut wire = house.gateway.wire().await;
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
    let received = house.branch.received_requests().await.unwrap();
    assert_eq!(received.iter().filter(|request| request.body == b"one").count(), 3);
    // Without a body there is nothing to continue with.
    wire.say(&format!(
        "GET /api/v1/chats/get-chat HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{}\r\n",
        authorization()
    ))
    .await;
    assert_eq!(status(&wire.head().await), 200);
}

#[tokio::test]
async fn an_encoded_body_is_a_415() {
    let house = spawn_house().await;
    let options = ResponseTemplate::new(405).insert_header("allow", "POST, PUT");
    Mock::given(method("OPTIONS")).respond_with(options).mount(&house.branch).await;
    let user = house.gateway.user();
    for coding in ["gzip", "identity, br", "x-own", "GZIP"] {
        let client = user.with_header("content-encoding", coding);
        for method in [Method::POST, Method::PUT] {
            let answer = client.send(method, PATH, Some("x".into())).await.expect(415);
            assert_eq!(answer.code(), "unsupported_media_type");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
        // The wrong method is told first; and where there is no body, or none that is looked at, there is nothing to decode.
        client.send(Method::PATCH, PATH, Some("x".into())).await.expect(405);
        client.send(Method::GET, PATH, None).await.expect(200);
        client.send(Method::DELETE, PATH, Some("x".into())).await.expect(200);
    }
    for coding in ["identity", "Identity", "", " , identity"] {
        user.with_header("content-encoding", coding)
            .send(Method::POST, PATH, Some("x".into()))
            .await
            .expect(200);
    }
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

#[tokio::test]
async fn bodies_for_the_auth_service_have_at_most_64_kib() {
    let house = spawn_house().await;
    for (length, told) in [(MAX_AUTH_BODY_BYTES + 1, 413), (MAX_AUTH_BODY_BYTES, 200)] {
        let mut wire = house.gateway.wire().await;
        let head =
            format!("POST /api/v1/auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        wire.say(&head).await;
        if told == 200 {
            wire.say(&"x".repeat(length)).await;
        }
        assert_eq!(status(&wire.head().await), told);
    }
    let received = house.auth.received_requests().await.unwrap();
    let received: Vec<_> = received.iter().map(|one| (one.method.as_str(), one.body.len())).collect();
    assert_eq!(received, [("OPTIONS", 0), ("POST", MAX_AUTH_BODY_BYTES)]);

    let mut wire = house.gateway.wire().await;
    wire.say("POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let chunk = format!("10001\r\n{}\r\n", "x".repeat(MAX_AUTH_BODY_BYTES + 1));
    assert!(wire.try_say(chunk.as_bytes()).await);
    assert_eq!(status(&wire.head().await), 413);
}

#[tokio::test]
async fn refusals_at_the_token_endpoint_have_the_oauth_error_format() {
    let house = spawn_house().await;
    let down = spawn_before(&nobody());
    let too_large = format!("Content-Length: {}\r\n", MAX_AUTH_BODY_BYTES + 1);
    let problem_json = format!("Accept: application/problem+json\r\n{too_large}");
    for (gateway, headers, told, error) in [
        (&house.gateway, too_large.as_str(), 413, "invalid_request"),
        (&house.gateway, problem_json.as_str(), 413, "invalid_request"),
        (&house.gateway, "Content_Length: 0\r\n", 400, "invalid_request"),
        (&down, "Content-Length: 0\r\n", 503, "temporarily_unavailable"),
    ] {
        let mut wire = gateway.wire().await;
        wire.say(&format!("POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        let (head, body) = wire.answer().await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status(&head), body["error"].as_str()), (told, Some(error)), "{body}");
        assert!(body["error_description"].is_string() && body["code"].is_string(), "{body}");
        assert_eq!(
            (header(&head, "cache-control"), header(&head, "pragma")),
            (Some("no-store"), Some("no-cache"))
        );
    }
    // Elsewhere it is as ever.
    let answer = down.client.post("/api/v1/auth/login", &serde_json::json!({})).await.expect(503);
    assert_eq!((answer.json().get("error"), answer.header("pragma")), (None, ""));
}

#[tokio::test]
async fn a_body_below_the_minimum_rate_is_a_408() {
    let service = upstream(|mut wire| async move {
        wire.head().await;
        wire.rest().await;
    })
    .await;
    let timeouts = Timeouts { request_body: Duration::from_millis(600), ..no_cache() };
    let gateway = spawn_before_with(&service, timeouts);
    let mut wire = gateway.wire().await;
    post(&mut wire, "Content-Length: 100000\r\n").await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) && wire.try_say(b"x").await {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(status(&wire.head().await), 408);
}

#[tokio::test]
async fn the_memory_of_bodies_is_reserved_and_released() {
    let (memory, upstream) = (MemoryBudget::new(64 << 20), nobody_reads().await);
    let bodies = BodyLimits::new(memory.clone(), MinRate::default());
    let gateway = spawn_configured(&upstream, |config| config.server.bodies = bodies);
    let mut wires = Vec::new();
    for _ in 0..8 {
        let mut wire = gateway.wire().await;
        post(&mut wire, "Content-Length: 16000000\r\n").await;
        wire.say(&"x".repeat(0x10_0000)).await;
        wires.push(wire);
    }
    let reserved = || (64 << 20) - memory.available();
    let soon = Duration::from_secs(20);
    // As much as is held of each, once the gateway has read it.
    let read = async {
        while reserved() < 8 * 0x8000 {
            yield_now().await;
        }
    };
    timeout(soon, read).await.expect("what is read is counted");
    assert!(reserved() <= 8 * 0x2_0000, "{}", reserved());
    drop(wires);
    let given_back = async {
        while reserved() > 0 {
            yield_now().await;
        }
    };
    timeout(soon, given_back).await.expect("what is dropped is given back");
}

/// A service that reads heads alone.
async fn nobody_reads() -> reqwest::Url {
    upstream(|mut wire| async move {
        wire.head().await;
        std::future::pending::<()>().await;
    })
    .await
}
