//! Limits of a user's requests.

use super::{READ, WRITE, few, post, tells};
use crate::app::{spawn_configured, spawn_deployment, spawn_deployment_with};
use reqwest::Method;
use shared_test_kit::unreachable_url;

#[tokio::test]
async fn reads_and_writes_are_limited_apart_for_each_user() {
    let deployment = spawn_deployment_with(few).await;
    let user = deployment.gateway.user();
    for (method, left) in [("GET", 4), ("HEAD", 3), ("OPTIONS", 2), ("GET", 1)] {
        let answer = user.send(method.parse().unwrap(), READ, None).await.expect(200);
        tells(&answer, "\"reads\";q=5;w=3600", left, (5 - left) * 720);
    }
    for (method, left) in [(Method::POST, 1), (Method::DELETE, 0)] {
        let answer = user.send(method, WRITE, None).await.expect(200);
        tells(&answer, "\"writes\";q=2;w=3600", left, (2 - left) * 1800);
    }

    assert_eq!(user.send(Method::PUT, WRITE, None).await.expect(429).code(), "rate_limited");
    user.get("/api/v1/messages/all-messages").await.expect(200);
    // From wherever it comes, and though this peer is on the same machine.
    user.with_header("x-forwarded-for", "203.0.113.9").get(READ).await.expect(429);
    deployment.gateway.user().get(READ).await.expect(200);
}

#[tokio::test]
async fn operations_that_check_a_password_have_the_limit_of_logins() {
    let deployment = spawn_deployment_with(few).await;
    let user = deployment.gateway.user();
    for _ in 0..2 {
        user.send(Method::PUT, "/api/v1/auth/change-password", None).await.expect(200);
    }
    user.send(Method::DELETE, "/api/v1/auth/me", None).await.expect(200);

    let answer = user.send(Method::DELETE, "/api/v1/auth/me", None).await.expect(429);

    tells(&answer, "\"passwords\";q=3;w=3600", 0, 3600);
    user.get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn the_gateways_own_errors_have_ratelimit_headers() {
    let gateway = spawn_configured(&unreachable_url(), few);
    let answer = gateway.user().get(READ).await.expect(503);
    tells(&answer, "\"reads\";q=5;w=3600", 4, 720);
}

#[tokio::test]
async fn by_default_a_user_has_30000_reads_a_minute() {
    let deployment = spawn_deployment().await;
    let answer = deployment.gateway.user().get(READ).await.expect(200);
    tells(&answer, "\"reads\";q=30000;w=60", 29_999, 1);

    let answer = post(&deployment.gateway.user(), WRITE).await.expect(200);
    tells(&answer, "\"writes\";q=12000;w=60", 11_999, 1);
}
