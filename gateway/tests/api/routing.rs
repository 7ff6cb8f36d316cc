//! Which paths lead where.

use crate::app::{authorization, spawn_before, spawn_house};
use crate::wire::{status, upstream};
use reqwest::Method;
use tokio::sync::mpsc;

#[tokio::test]
async fn every_prefix_leads_to_its_service() {
    let house = spawn_house().await;
    let user = house.gateway.user();
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
    let house = spawn_house().await;
    for path in ["/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/refresh/"] {
        for method in [Method::POST, Method::GET, Method::OPTIONS] {
            let answer = house.gateway.client.send(method, path, None).await.expect(200);
            assert_eq!(answer.header("x-service"), "auth");
        }
    }
}

#[tokio::test]
async fn a_path_that_no_route_begins_with_is_a_404_with_and_without_a_token() {
    let house = spawn_house().await;
    for path in [
        "/",
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
        for client in [house.gateway.client.clone(), house.gateway.user()] {
            let answer = client.post(path, &serde_json::json!({})).await.expect(404);
            assert_eq!(answer.code(), "not_found", "{path}");
        }
    }
    for service in [&house.auth, &house.chat, &house.branch] {
        assert!(service.received_requests().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_path_that_climbs_is_a_404() {
    let house = spawn_house().await;
    for path in [
        "/api/v1/auth/../../../internal/users/7",
        "/api/v1/auth/%2e%2e/%2E%2E/%2e./internal/users/7",
        "/api/v1/chats/..%2f..%2f..%2finternal",
        "/api/v1/chats/..\\..\\..\\internal",
        "/api/v1/auth/login/..",
    ] {
        let mut wire = house.gateway.wire().await;
        wire.say(&format!("GET {path} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
        assert_eq!(status(&wire.head().await), 404, "{path}");
    }
}

#[tokio::test]
async fn slashes_change_nothing_and_the_query_stays_as_it_is_byte_for_byte() {
    let (heard, mut lines) = mpsc::unbounded_channel();
    let service = upstream(move |mut wire| {
        let heard = heard.clone();
        async move {
            while let Some(head) = wire.try_until("\r\n\r\n").await {
                heard.send(head.lines().next().unwrap().to_owned()).unwrap();
                wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
            }
        }
    })
    .await;
    let gateway = spawn_before(&service);
    let mut wire = gateway.wire().await;
    for (target, passed_on) in [
        ("/api/v1/conversations/", "/api/v1/conversations"),
        ("/api/v1//chats///get-chat//", "/api/v1/chats/get-chat"),
        ("/api/v1/chats/get-chat/?a=b/", "/api/v1/chats/get-chat?a=b/"),
        ("/api/v1/chats/get-chat?", "/api/v1/chats/get-chat?"),
        (
            "/api/v1/chats/x?q='a'&b=%2f%2F+x&&c=//&d={}|^`\\[]",
            "/api/v1/chats/x?q='a'&b=%2f%2F+x&&c=//&d={}|^`\\[]",
        ),
        ("/api/v1/chats/get%2dchat/a%20b%C3%A4", "/api/v1/chats/get%2dchat/a%20b%C3%A4"),
        ("http://elsewhere/api/v1/chats/get-chat?x", "/api/v1/chats/get-chat?x"),
    ] {
        wire.say(&format!("GET {target} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
        assert_eq!(status(&wire.head().await), 200, "{target}");
        assert_eq!(lines.recv().await.unwrap(), format!("GET {passed_on} HTTP/1.1"));
    }
}
