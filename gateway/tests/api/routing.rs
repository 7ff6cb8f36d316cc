//! Routing: which path leads to which service.

use crate::app::{authorization, spawn_before, spawn_deployment};
use crate::wire::{header, status, upstream};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use tokio::sync::mpsc;

#[tokio::test]
async fn each_prefix_is_routed_to_its_service() {
    let deployment = spawn_deployment().await;
    let user = deployment.gateway.user();
    for (path, service) in [
        ("/api/v1/auth/me", "auth"),
        ("/api/v1/auth/change-password", "auth"),
        ("/api/v1/auth", "auth"),
        ("/api/v1/chats/create-chat", "chat"),
        ("/api/v1/chats/get-chat/7", "chat"),
        ("/api/v1/conversations", "chat"),
        ("/api/v1/conversations/7", "chat"),
        ("/api/v1/messages/get-messages?chat_id=7", "branch"),
        ("/api/v1/branches/update-branch/7", "branch"),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let answer = user.send(method, path, None).await.expect(200);
            assert_eq!(answer.header("x-service"), service, "{path}");
        }
    }
}

#[tokio::test]
async fn public_routes_need_no_token_with_any_method() {
    let deployment = spawn_deployment().await;
    for path in ["/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/refresh/", "/api/v1/auth/token"]
    {
        for method in [Method::POST, Method::GET, Method::OPTIONS] {
            let answer = deployment.gateway.client.send(method, path, None).await.expect(200);
            assert_eq!(answer.header("x-service"), "auth");
        }
    }
}

#[tokio::test]
async fn a_path_without_a_route_is_a_404_with_and_without_a_token() {
    let deployment = spawn_deployment().await;
    for path in [
        "/nothing",
        "/internal",
        "/internal/users/018f3a5e-7b1c-7c3d-8e4f-0123456789ab",
        "/api",
        "/api/v1",
        "/api/v1/internal/users/7",
        "/api/v1/chatsx",
        "/api/v2/chats/get-chat",
        "/api/v1/metrics",
        "/metrics",
    ] {
        for client in [deployment.gateway.client.clone(), deployment.gateway.user()] {
            let answer = client.post(path, &serde_json::json!({})).await.expect(404);
            assert_eq!(answer.code(), "not_found", "{path}");
        }
    }
    for service in [&deployment.auth, &deployment.chat, &deployment.branch] {
        assert!(service.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_path_that_is_not_normalized_is_a_400_before_routing() {
    let deployment = spawn_deployment().await;
    for path in [
        "/api/v1/auth/../../../internal/users/7",
        "/api/v1/auth/%2e%2e/%2E%2E/%2e./internal/users/7",
        "/api/v1/chats/..%2f..%2f..%2finternal",
        "/api/v1/chats/..\\..\\..\\internal",
        "/api/v1/auth/login/..",
        "/api/v1//chats/get-chat",
        "/api/v1/chats/get-chat//",
        "/api/v1/chats/get-chat/%00",
        "/api/v1/chats/%zz",
        "/nothing/./at/all",
        "/docs/..%2fx",
        "//livez",
    ] {
        for token in [authorization(), String::new()] {
            let mut wire = deployment.gateway.wire().await;
            wire.say(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n{token}\r\n")).await;
            let (head, body) = wire.answer().await;
            assert_eq!(
                (status(&head), header(&head, "content-type")),
                (400, Some("application/json")),
                "{path}"
            );
            let detail = "The path is not in its normal form";
            let expected = json!({"detail": detail, "code": "invalid_path", "request_id": "mine"});
            assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
        }
    }
    for service in [&deployment.auth, &deployment.chat, &deployment.branch] {
        assert!(service.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn another_spelling_of_a_path_does_not_evade_its_limits() {
    let deployment = spawn_deployment().await;
    for (method, path) in [
        ("POST", "/api/v1/auth/register"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/refresh"),
        ("POST", "/api/v1/auth/token"),
        ("PUT", "/api/v1/auth/change-password"),
        ("DELETE", "/api/v1/auth/me"),
        ("POST", "/api/v1/chats/create-chat"),
    ] {
        let mut wire = deployment.gateway.wire().await;
        for (at, letter) in path.char_indices().filter(|(_, letter)| *letter != '/') {
            let (before, after) = (&path[..at], &path[at + 1..]);
            let spelled = format!("{before}%{:02x}{after}", u32::from(letter));
            let token = authorization();
            wire.say(&format!("{method} {spelled} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{token}\r\n"))
                .await;
            let (head, body) = wire.answer().await;
            assert!(status(&head) == 400 && body.contains("\"invalid_path\""), "{spelled}: {head}");
            wire = deployment.gateway.wire().await;
        }
    }
    for service in [&deployment.auth, &deployment.chat, &deployment.branch] {
        assert!(service.received_requests().await.unwrap().is_empty());
    }
}

/// A service that tells the first line and the body of each request that it answers, and as whose host it came.
async fn recording_service() -> (Url, mpsc::UnboundedReceiver<(String, String, String)>) {
    let (heard, lines) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            while let Some(head) = wire.try_until("\r\n\r\n").await {
                let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
                let body = String::from_utf8(wire.bytes(length).await).unwrap();
                let host = header(&head, "x-forwarded-host").unwrap_or_default().to_owned();
                heard.send((head.lines().next().unwrap().to_owned(), body, host)).unwrap();
                wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    (service, lines)
}

#[tokio::test]
async fn a_trailing_slash_is_ignored_and_the_query_is_passed_on_byte_for_byte() {
    let (service, mut lines) = recording_service().await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    for (target, passed_on) in [
        ("/api/v1/conversations/", "/api/v1/conversations"),
        ("/api/v1/chats/get-chat/?a=b/", "/api/v1/chats/get-chat?a=b/"),
        ("/api/v1/chats/get-chat?", "/api/v1/chats/get-chat?"),
        ("/api/v1/chats/get-chat/?", "/api/v1/chats/get-chat?"),
        ("/api/v1/chats/x?../%2e//\\%00%zz%", "/api/v1/chats/x?../%2e//\\%00%zz%"),
        (
            "/api/v1/chats/x?q='a'&b=%2f%2F+x&&c=//&d={}|^`\\[]",
            "/api/v1/chats/x?q='a'&b=%2f%2F+x&&c=//&d={}|^`\\[]",
        ),
        ("/api/v1/chats/get-chat/a%20b%C3%A4%40", "/api/v1/chats/get-chat/a%20b%C3%A4%40"),
        ("/api/v1/chats/%252e%252e/...", "/api/v1/chats/%252e%252e/..."),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let body = if matches!(method, "GET" | "HEAD") { "" } else { "{\"a\": 1}" };
            let length = body.len();
            wire.say(&format!(
                "{method} {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{}\r\n{body}",
                authorization()
            ))
            .await;
            assert_eq!(status(&wire.head().await), 200, "{target}");
            let (line, passed_on_body, _) = lines.recv().await.unwrap();
            assert_eq!((line, passed_on_body.as_str()), (format!("{method} {passed_on} HTTP/1.1"), body));
        }
    }
}

#[tokio::test]
async fn an_absolute_target_is_taken_as_its_path_and_host() {
    let (service, mut lines) = recording_service().await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    for (target, path, host) in [
        ("http://elsewhere:81/api/v1/chats/get-chat/?x", "/api/v1/chats/get-chat?x", "elsewhere:81"),
        ("HTTPS://Elsewhere/api/v1/chats/x", "/api/v1/chats/x", "Elsewhere"),
        ("/api/v1/chats/x", "/api/v1/chats/x", "here"),
    ] {
        wire.say(&format!("GET {target} HTTP/1.1\r\nHost: here\r\n{}\r\n", authorization())).await;
        assert_eq!(status(&wire.head().await), 200, "{target}");
        let (line, _, passed_on) = lines.recv().await.unwrap();
        assert_eq!((line, passed_on.as_str()), (format!("GET {path} HTTP/1.1"), host));
    }
}
