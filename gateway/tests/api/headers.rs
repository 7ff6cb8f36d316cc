//! Which headers are passed on, in both directions.

use crate::app::{authorization, only_request, spawn_before, spawn_deployment};
use crate::wire::{header, headers, status, upstream, upstream_that_says};
use tokio::sync::mpsc;

const PATH: &str = "/api/v1/chats/get-chat";

#[tokio::test]
async fn hop_by_hop_and_forgeable_request_headers_are_not_passed_on() {
    let (heard, mut heads) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            heard.send(wire.head().await).unwrap();
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    wire.say(&format!(
        "GET {PATH} HTTP/1.1\r\nHost: banyan.example:81\r\n{}\
         Connection: keep-alive, X-Named\r\nconnection: x-named-too\r\nX-Named: a\r\nX-Named-Too: a\r\n\
         Keep-Alive: timeout=5\r\nProxy-Connection: close\r\nProxy-Authorization: Basic eDp5\r\nTE: trailers\r\nTrailer: x\r\n\
         X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\n\
         X-Forwarded-Prefix: /internal\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n\
         Accept: text/x-one\r\nAccept: text/x-two\r\nCookie: a=b\r\nIdempotency-Key: k 1\r\n\
         traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: a=b\r\n\r\n",
        authorization()
    ))
    .await;
    assert_eq!(status(&wire.head().await), 200);
    let head = heads.recv().await.unwrap();
    for name in [
        "connection",
        "x-named",
        "x-named-too",
        "keep-alive",
        "proxy-connection",
        "proxy-authorization",
        "te",
        "trailer",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "content-length",
        "cookie",
        "transfer-encoding",
    ] {
        assert_eq!(header(&head, name), None, "{head}");
    }
    for (name, value) in [
        ("host", service.authority()),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "banyan.example:81"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "for=127.0.0.1;host=\"banyan.example:81\";proto=http"),
        ("x-real-ip", "127.0.0.1"),
        ("idempotency-key", "k 1"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("tracestate", "a=b"),
    ] {
        assert_eq!(header(&head, name), Some(value), "{head}");
    }
    assert_eq!(headers(&head, "accept"), ["text/x-one", "text/x-two"]);
    assert!(header(&head, "authorization").unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn hop_by_hop_response_headers_are_dropped_and_the_rest_kept() {
    let service = upstream_that_says(
        "HTTP/1.1 201 Created\r\nConnection: keep-alive, X-Named\r\nX-Named: a\r\nKeep-Alive: timeout=5\r\n\
         Proxy-Authenticate: Basic\r\nTrailer: x\r\nUpgrade: h2c\r\nX-Request-Id: of-the-service\r\n\
         Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nLink: </api/v1/chats/get-chat?cursor=x>; rel=\"next\"\r\n\
         WWW-Authenticate: Bearer\r\nIdempotency-Replayed: true\r\nX-Branch-Id: 7\r\nRetry-After: 1\r\nAllow: GET\r\n\
         Date: Tue, 15 Nov 1994 08:12:31 GMT\r\nContent-Encoding: x\r\nContent-Type: text/x-odd\r\nContent-Length: 4\r\n\r\nfine",
    )
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    wire.say(&format!("GET {PATH} HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n{}\r\n", authorization()))
        .await;
    let (head, body) = wire.answer().await;
    assert_eq!((status(&head), body.as_str()), (201, "fine"));
    for name in [
        "connection",
        "x-named",
        "keep-alive",
        "proxy-authenticate",
        "trailer",
        "upgrade",
        "set-cookie",
        "transfer-encoding",
    ] {
        assert_eq!(header(&head, name), None, "{head}");
    }
    for (name, value) in [
        ("x-request-id", "mine"),
        ("link", "</api/v1/chats/get-chat?cursor=x>; rel=\"next\""),
        ("www-authenticate", "Bearer"),
        ("idempotency-replayed", "true"),
        ("x-branch-id", "7"),
        ("retry-after", "1"),
        ("allow", "GET"),
        ("date", "Tue, 15 Nov 1994 08:12:31 GMT"),
        ("content-encoding", "x"),
        ("content-type", "text/x-odd"),
        ("content-length", "4"),
    ] {
        assert_eq!(header(&head, name), Some(value), "{head}");
    }
}

/// A service reads no more than the gateway's own parser does, and is sent more than the client has sent.
#[tokio::test]
async fn a_head_too_large_for_a_service_is_a_431() {
    let deployment = spawn_deployment().await;
    for (length, told) in [(0x1_e000, 200), (0x1_ffe0, 431)] {
        let mut wire = deployment.gateway.wire().await;
        let head = format!("GET {PATH} HTTP/1.1\r\nHost: a\r\n{}X: ", authorization());
        let value = "x".repeat(length - head.len() - 4);
        wire.say(&format!("{head}{value}\r\n\r\n")).await;
        let (head, body) = wire.answer().await;
        assert_eq!(status(&head), told);
        assert_eq!(body.contains("head_too_large"), told == 431, "{body}");
    }
    only_request(&deployment.chat).await;
}

#[tokio::test]
async fn a_header_with_underscores_that_resembles_a_known_one_is_a_400() {
    let deployment = spawn_deployment().await;
    for name in [
        "x_forwarded_for",
        "X-Forwarded_Proto",
        "x_forwarded_anything",
        "Content_Length",
        "transfer_encoding",
        "X_Request-Id",
        "idempotency_key",
        "x_real_ip",
        "proxy_authorization",
    ] {
        let answer = deployment.gateway.user().with_header(name, "1").get(PATH).await.expect(400);
        assert_eq!(answer.code(), "invalid_header_name");
        let client = deployment.gateway.user().with_header("accept", "application/problem+json");
        let answer = client.with_header(name, "1").get(PATH).await.expect(400);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert!(deployment.chat.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn other_headers_with_underscores_are_dropped() {
    let deployment = spawn_deployment().await;
    let user = deployment.gateway.user().with_header("x-fine", "a_b").with_header("X-User_Id", "7");
    user.with_header("_", "1").with_header("client_version", "2.0").get(PATH).await.expect(200);
    let headers = only_request(&deployment.chat).await.headers;
    assert_eq!(headers["x-fine"], "a_b");
    assert!(!headers.keys().any(|name| name.as_str().contains('_')), "{headers:?}");
}
