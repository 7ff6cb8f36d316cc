//! `Forwarded` and `X-Forwarded-*`, as a service gets them.

use crate::app::{TestGateway, authorization, spawn_before, spawn_configured};
use crate::wire::{header, headers, status, upstream};
use gateway::config::Config;
use reqwest::Url;
use shared::env::{Env, Purpose};
use shared_test_kit::unreachable_url;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

const SENT: &str = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.5, 127.0.0.9\r\n\
    X-Forwarded-Host: banyan.example\r\nX-Forwarded-Proto: https\r\nX-Real-IP: 6.6.6.6\r\n\
    Forwarded: for=203.0.113.5;proto=https\r\nForwarded: for=127.0.0.9\r\n";

async fn recording_service() -> (Url, UnboundedReceiver<String>) {
    let (tell, heads) = unbounded_channel();
    let service = upstream(move |mut wire| {
        let tell = tell.clone();
        async move {
            tell.send(wire.head().await).unwrap();
            wire.say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
        }
    })
    .await;
    (service, heads)
}

async fn head_at_service(gateway: &TestGateway, sent: &str, heads: &mut UnboundedReceiver<String>) -> String {
    let mut wire = gateway.wire().await;
    let path = "/api/v1/chats/get-chat";
    wire.say(&format!("GET {path} HTTP/1.1\r\nHost: a:81\r\n{sent}{}\r\n", authorization())).await;
    assert_eq!(status(&wire.head().await), 200);
    heads.recv().await.unwrap()
}

fn assert_names_the_peer(head: &str) {
    for (name, value) in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "a:81"),
        ("x-forwarded-proto", "http"),
        ("forwarded", "for=127.0.0.1;host=\"a:81\";proto=http"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        assert_eq!(headers(head, name), [value], "{head}");
    }
}

fn behind(service: &Url, trusted: &str) -> TestGateway {
    spawn_configured(service, |config| config.downstream.trusted_proxies = trusted.parse().unwrap())
}

#[tokio::test]
async fn forwarding_headers_of_a_trusted_proxy_are_extended() {
    let (service, mut heads) = recording_service().await;
    let gateway = behind(&service, "10.0.0.0/8, 127.0.0.0/8");
    let head = head_at_service(&gateway, SENT, &mut heads).await;
    for (name, value) in [
        ("x-forwarded-for", "6.6.6.6, 203.0.113.5, 127.0.0.9, 127.0.0.1"),
        ("x-forwarded-host", "banyan.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=203.0.113.5;proto=https, for=127.0.0.9, for=127.0.0.1;host=\"a:81\";proto=http"),
        // The last that is no trusted proxy, whatever the first ones say.
        ("x-real-ip", "203.0.113.5"),
    ] {
        assert_eq!(headers(&head, name), [value], "{head}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_without_forwarding_headers_is_the_client() {
    let (service, mut heads) = recording_service().await;
    let gateway = behind(&service, "127.0.0.1");
    let head = head_at_service(&gateway, "X-Real-IP: 6.6.6.6\r\n", &mut heads).await;
    assert_names_the_peer(&head);
}

#[tokio::test]
async fn forwarding_headers_of_an_untrusted_peer_are_replaced() {
    let (service, mut heads) = recording_service().await;
    for gateway in [spawn_before(&service), behind(&service, "10.0.0.0/8, ::1")] {
        let head = head_at_service(&gateway, SENT, &mut heads).await;
        assert_names_the_peer(&head);
    }
}

#[tokio::test]
async fn other_x_forwarded_headers_of_a_trusted_proxy_are_dropped() {
    let (service, mut heads) = recording_service().await;
    let gateway = behind(&service, "127.0.0.1");
    let sent = "X-Forwarded-Port: 1\r\nX-Forwarded-Prefix: /internal\r\n";
    let head = head_at_service(&gateway, sent, &mut heads).await;
    assert_eq!(header(&head, "x-forwarded-port").or(header(&head, "x-forwarded-prefix")), None, "{head}");
}

#[test]
fn an_invalid_network_fails_the_start_with_one_line() {
    let url = unreachable_url();
    let env = |value| {
        let key = ("SECRET_KEY", shared_test_kit::SECRET_KEY);
        let urls = [("AUTH_URL", url.as_str()), ("CHAT_URL", url.as_str()), ("BRANCH_URL", url.as_str())];
        Env::of([key, urls[0], urls[1], urls[2], ("TRUSTED_PROXIES", value)])
    };
    Config::from_env(&env("10.0.0.0/8, ::1"), Purpose::Serve).unwrap();
    let line = Config::from_env(&env("10.0.0.0/8, example"), Purpose::Serve).unwrap_err().to_string();
    assert!(line.starts_with("TRUSTED_PROXIES: \"example\" is no network; expected"), "{line}");
    assert!(!line.contains('\n'));
}
