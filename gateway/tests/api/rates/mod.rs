//! Rate limits.

mod addresses;
mod bytes;
mod scope;
mod users;

use crate::app::{TestDeployment, TestGateway};
use gateway::config::{Config, RateLimitConfig};
use serde_json::json;
use shared_test_kit::{Answer, TestClient};
use tokio::time::Instant;

const LOGIN: &str = "/api/v1/auth/login";
const REGISTER: &str = "/api/v1/auth/register";
const REFRESH: &str = "/api/v1/auth/refresh";
const TOKEN: &str = "/api/v1/auth/token";
const READ: &str = "/api/v1/chats/get-chat";
const WRITE: &str = "/api/v1/chats/create-chat";

/// Few of each, and a peer that may say who its clients are.
fn few(config: &mut Config) {
    config.downstream.trusted_proxies = "127.0.0.1".parse().unwrap();
    config.rate_limits = Some(RateLimitConfig {
        login: rate("3/1h"),
        register: rate("2/1h"),
        anonymous: rate("4/1h"),
        reads: rate("5/1h"),
        writes: rate("2/1h"),
        ..RateLimitConfig::default()
    });
}

fn rate(text: &str) -> gateway::config::Rate {
    text.parse().unwrap()
}

fn from(gateway: &TestGateway, address: &str) -> TestClient {
    gateway.client.with_header("x-forwarded-for", address)
}

async fn post(client: &TestClient, path: &str) -> Answer {
    client.post(path, &json!({})).await
}

/// The fields of an answer to which so many more may follow.
#[track_caller]
fn tells(answer: &Answer, policy: &str, left: u32, seconds: u32) {
    let name = policy.split(';').next().unwrap();
    assert_eq!(answer.header("ratelimit-policy"), policy);
    assert_eq!(answer.header("ratelimit"), format!("{name};r={left};t={seconds}"));
}

/// The client is told to wait for so many seconds, less what has passed since `begun`.
#[track_caller]
fn waits(answer: &Answer, seconds: u64, begun: Instant) {
    let told: u64 = answer.header("retry-after").parse().unwrap();
    let passed = begun.elapsed().as_secs() + 1;
    assert!((seconds.saturating_sub(passed)..=seconds).contains(&told), "{told} of {seconds} after {passed}");
}

async fn received(deployment: &TestDeployment, path: &str) -> usize {
    let all = deployment.auth.received_requests().await.unwrap();
    all.iter().filter(|request| request.url.path() == path).count()
}
