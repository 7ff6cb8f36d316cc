//! Methods without a route, OPTIONS and HEAD.

use crate::app::{authorization, spawn_before, spawn_deployment};
use crate::wire::{header, status};
use shared_test_kit::unreachable_url;

#[tokio::test]
async fn unknown_methods_are_a_501_on_any_path() {
    let deployment = spawn_deployment().await;
    for (method, target) in [
        ("TRACE", "/api/v1/chats/get-chat"),
        ("TRACE", "/health"),
        ("TRACE", "/nothing"),
        ("CONNECT", "elsewhere:443"),
        ("CONNECT", "/api/v1/chats/get-chat"),
        ("get", "/api/v1/chats/get-chat"),
        ("PROPFIND", "/docs"),
    ] {
        let mut wire = deployment.gateway.wire().await;
        wire.say(&format!("{method} {target} HTTP/1.1\r\nHost: a\r\n{}\r\n", authorization())).await;
        let (head, body) = wire.answer().await;
        assert_eq!((status(&head), header(&head, "connection")), (501, Some("close")), "{method} {target}");
        assert!(body.contains(r#""code":"not_implemented","request_id""#), "{body}");
    }
    assert!(deployment.chat.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn options_asterisk_lists_all_methods() {
    let gateway = spawn_before(&unreachable_url());
    let mut wire = gateway.wire().await;
    wire.say("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let head = wire.head().await;
    let allowed = Some("DELETE, GET, HEAD, OPTIONS, POST, PUT");
    assert_eq!((status(&head), header(&head, "allow")), (204, allowed));
    wire.say("GET * HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(status(&wire.head().await), 400);
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let deployment = spawn_deployment().await;
    for path in ["/health", "/docs", "/livez", "/nothing", "/api/v1/chats/get-chat", "/api/v1/auth/login"] {
        let mut heads = Vec::new();
        for method in ["HEAD", "GET"] {
            let mut wire = deployment.gateway.wire().await;
            wire.say(&format!("{method} {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n")).await;
            heads.push(wire.head().await);
            if method == "HEAD" {
                wire.finish().await;
                assert_eq!(wire.rest().await, "", "{path}");
            }
        }
        let lines = |head: &str| {
            let mut lines: Vec<_> =
                head.lines().filter(|line| !line.starts_with("date")).map(str::to_owned).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(lines(&heads[0]), lines(&heads[1]), "{path}");
    }
}
