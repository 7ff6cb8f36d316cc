//! The number of time series is bounded, whatever clients request.

use crate::app::{TestGateway, spawn_deployment};
use futures_util::future::join_all;
use reqwest::Method;
use shared_test_kit::{Samples, TestClient};
use std::collections::BTreeSet;

const REQUESTS: usize = 10_000;
const CLIENTS: usize = 16;
/// CONNECT is left out: it has no path.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "MADE-UP"];
/// Where the gateway passes on, where it answers itself, and where there is nothing.
const BEGINNINGS: [&str; 14] = [
    "/",
    "/internal/",
    "/docs/",
    "/docs/more/",
    "/health/",
    "/api/v1/",
    "/api/v1/auth/",
    "/api/v1/auth/login/",
    "/api/v1/chats/",
    "/api/v1/conversations/",
    "/api/v1/messages/",
    "/api/v1/branches/",
    "/api/v1/branches/%2e%2E/",
    "/api/v1/answers/",
];

fn segment() -> String {
    let characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";
    let characters: Vec<_> = characters.chars().collect();
    (0..fastrand::usize(1..20)).map(|_| characters[fastrand::usize(..characters.len())]).collect()
}

fn any<'a>(of: &[&'a str]) -> &'a str {
    of[fastrand::usize(..of.len())]
}

/// A method that has one letter more each time is one that nobody knows.
fn any_method() -> Method {
    match any(&METHODS) {
        "MADE-UP" => Method::from_bytes(segment().as_bytes()).unwrap(),
        method => method.parse().unwrap(),
    }
}

async fn ask(client: &TestClient, method: Method, beginning: &str) {
    client.send(method, &format!("{beginning}{}?{}={}", segment(), segment(), segment()), None).await;
}

/// Asks once for everything of which there is one series.
async fn ask_for_each(gateway: &TestGateway) {
    for client in [gateway.client.clone(), gateway.user()] {
        for method in METHODS {
            for beginning in BEGINNINGS {
                ask(&client, method.parse().unwrap(), beginning).await;
            }
        }
    }
}

async fn names(gateway: &TestGateway) -> BTreeSet<String> {
    Samples::of(&gateway.metrics).await.0.into_keys().collect()
}

#[tokio::test]
async fn ten_thousand_random_paths_and_methods_add_no_time_series() {
    let deployment = spawn_deployment().await;
    ask_for_each(&deployment.gateway).await;
    let before = names(&deployment.gateway).await;
    join_all((0..CLIENTS).map(|number| {
        let gateway = &deployment.gateway;
        let client = if number % 4 == 0 { gateway.user() } else { gateway.client.clone() };
        async move {
            for _ in 0..REQUESTS / CLIENTS {
                ask(&client, any_method(), any(&BEGINNINGS)).await;
            }
        }
    }))
    .await;
    let after = names(&deployment.gateway).await;
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(after.len(), before.len());
    let count = Samples::of(&deployment.gateway.metrics).await;
    let answered = count.sum("http_server_request_duration_seconds_count", &[]).unwrap();
    assert!(answered >= 10_000.0, "{answered}");
}
