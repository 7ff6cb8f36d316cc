//! Bounds of a body: its size, its rate, and the memory of all.

use super::{PATH, post};
use crate::app::{
    no_cache, only_request, spawn_before, spawn_before_with, spawn_configured, spawn_deployment,
};
use crate::wire::{header, status, upstream};
use gateway::config::Timeouts;
use shared_web::body_limits::{BodyLimits, MAX_AUTH_BODY_BYTES, MAX_BODY_BYTES, MemoryBudget, MinRate};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn an_announced_oversized_body_is_refused_before_it_is_sent() {
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    post(&mut wire, &format!("Content-Length: {}\r\n", MAX_BODY_BYTES + 1)).await;
    let (head, body) = wire.answer().await;
    assert_eq!(status(&head), 413);
    assert!(body.contains("payload_too_large"), "{body}");

    // The service was asked for no more than which methods the route has.
    let request = only_request(&deployment.branch).await;
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
        let deployment = spawn_deployment().await;
        deployment.branch.reset().await;
        Mock::given(any()).respond_with(answer).mount(&deployment.branch).await;
        let mut wire = deployment.gateway.wire().await;
        post(&mut wire, &format!("Content-Length: {}\r\n", MAX_BODY_BYTES + 1)).await;
        assert_eq!(status(&wire.head().await), told);
    }
}

#[tokio::test]
async fn a_client_that_keeps_sending_after_a_413_still_reads_it() {
    let deployment = spawn_deployment().await;
    for chunked in [false, true] {
        let mut wire = deployment.gateway.wire().await;
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
    let deployment = spawn_deployment().await;
    let mut wire = deployment.gateway.wire().await;
    wire.say(&format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"))
        .await;
    let head = wire.head().await;
    assert_eq!((status(&head), header(&head, "connection")), (401, Some("close")));

    let mut wire = deployment.gateway.wire().await;
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
async fn bodies_for_the_auth_service_have_at_most_64_kib() {
    let deployment = spawn_deployment().await;
    for (length, told) in [(MAX_AUTH_BODY_BYTES + 1, 413), (MAX_AUTH_BODY_BYTES, 200)] {
        let mut wire = deployment.gateway.wire().await;
        let head =
            format!("POST /api/v1/auth/refresh HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        wire.say(&head).await;
        if told == 200 {
            wire.say(&"x".repeat(length)).await;
        }
        assert_eq!(status(&wire.head().await), told);
    }
    let received = deployment.auth.received_requests().await.unwrap();
    let received: Vec<_> = received.iter().map(|one| (one.method.as_str(), one.body.len())).collect();
    assert_eq!(received, [("OPTIONS", 0), ("POST", MAX_AUTH_BODY_BYTES)]);

    let mut wire = deployment.gateway.wire().await;
    wire.say("POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let chunk = format!("10001\r\n{}\r\n", "x".repeat(MAX_AUTH_BODY_BYTES + 1));
    assert!(wire.try_say(chunk.as_bytes()).await);
    assert_eq!(status(&wire.head().await), 413);
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
