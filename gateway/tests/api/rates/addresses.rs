//! Limits of requests without a user, by address.

use super::{LOGIN, READ, REFRESH, REGISTER, TOKEN, WRITE, few, from, post, received, tells, waits};
use crate::app::spawn_deployment_with;
use reqwest::Method;
use serde_json::json;
use shared_test_kit::Samples;
use tokio::time::Instant;

#[tokio::test]
async fn logins_are_limited_by_address_and_told_in_headers() {
    let deployment = spawn_deployment_with(few).await;
    let client = from(&deployment.gateway, "203.0.113.5");
    let begun = Instant::now();
    for left in [2, 1, 0] {
        let answer = post(&client, LOGIN).await.expect(200);
        tells(&answer, "\"login\";q=3;w=3600", left, (3 - left) * 1200);
    }
    let answer = post(&client, LOGIN).await.expect(429);
    tells(&answer, "\"login\";q=3;w=3600", 0, 3600);
    waits(&answer, 1200, begun);
    let request_id = answer.header("x-request-id");
    let detail = "Too many requests, try again later";
    assert_eq!(answer.json(), json!({"detail": detail, "code": "rate_limited", "request_id": request_id}));

    let answer = post(&client.with_header("accept", "application/problem+json"), LOGIN).await.expect(429);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!((&body["status"], &body["title"]), (&json!(429), &json!("Too Many Requests")));

    assert_eq!(received(&deployment, LOGIN).await, 3);
    post(&from(&deployment.gateway, "203.0.113.6"), LOGIN).await.expect(200);
    let series = Samples::of(&deployment.gateway.metrics).await;
    assert_eq!(series.sum("limits_hit_total", &["limit=\"login\"", "service_name=\"gateway\""]), Some(2.0));
    assert_eq!(series.sum("limits_hit_total", &["limit=\"reads\""]), Some(0.0));
}

#[tokio::test]
async fn registrations_have_a_limit_of_their_own() {
    let deployment = spawn_deployment_with(few).await;
    let client = from(&deployment.gateway, "203.0.113.5");
    for path in [REGISTER, LOGIN, REGISTER] {
        post(&client, path).await.expect(200);
    }

    let answer = post(&client, REGISTER).await.expect(429);

    tells(&answer, "\"register\";q=2;w=3600", 0, 3600);
    post(&client, LOGIN).await.expect(200);
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let deployment = spawn_deployment_with(few).await;
    for address in ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3:4:5:6"] {
        post(&from(&deployment.gateway, address), LOGIN).await.expect(200);
    }

    post(&from(&deployment.gateway, "2001:db8:1:2::7"), LOGIN).await.expect(429);
    post(&from(&deployment.gateway, "2001:db8:1:3::1"), LOGIN).await.expect(200);
}

#[tokio::test]
async fn a_loopback_peer_is_not_limited_by_address() {
    let deployment = spawn_deployment_with(|config| {
        few(config);
        config.downstream = gateway::config::DownstreamConfig::default();
    })
    .await;
    for _ in 0..10 {
        // What it says of its client does not count.
        let answer = post(&from(&deployment.gateway, "203.0.113.5"), LOGIN).await.expect(200);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
        deployment.gateway.client.get(READ).await.expect(401);
    }
}

#[tokio::test]
async fn requests_without_a_valid_token_are_limited_by_address() {
    let deployment = spawn_deployment_with(few).await;
    let client = from(&deployment.gateway, "203.0.113.5");
    let answer = client.get(READ).await.expect(401);
    tells(&answer, "\"anonymous\";q=4;w=3600", 3, 900);
    client.with_token("made.up.one").get(READ).await.expect(401);
    post(&client, REFRESH).await.expect(200);
    post(&client, REFRESH).await.expect(200);
    assert_eq!(post(&client, REFRESH).await.expect(429).code(), "rate_limited");
    client.with_token("made.up.two").get(READ).await.expect(429);

    let user = deployment.gateway.user().with_header("x-forwarded-for", "203.0.113.5");
    user.get(READ).await.expect(200);
    post(&client, LOGIN).await.expect(200);
}

#[tokio::test]
async fn requests_refused_before_routing_count_as_well() {
    let deployment = spawn_deployment_with(few).await;
    let refused = [
        (Method::TRACE, READ, 501),
        ("PROPFIND".parse().unwrap(), "/docs", 501),
        (Method::GET, "/api/v1/auth/%00", 400),
        (Method::GET, "/api/v1/nothing", 404),
    ];
    for (address, others) in [("203.0.113.5", &refused), ("203.0.113.6", &refused)] {
        let client = from(&deployment.gateway, address);
        for (left, (method, path, status)) in [3, 2, 1, 0].into_iter().zip(others) {
            let answer = client.send(method.clone(), path, None).await.expect(*status);
            tells(&answer, "\"anonymous\";q=4;w=3600", left, (4 - left) * 900);
        }
        for (method, path, _) in others {
            let answer = client.send(method.clone(), path, None).await.expect(429);
            assert_eq!(answer.code(), "rate_limited");
        }
        client.get(READ).await.expect(429);
    }
    // Those of a user count for that user, wherever they come from.
    let user = deployment.gateway.user();
    for left in [1, 0] {
        let answer = user.send(Method::TRACE, READ, None).await.expect(501);
        tells(&answer, "\"writes\";q=2;w=3600", left, (2 - left) * 1800);
    }

    user.send(Method::TRACE, READ, None).await.expect(429);
    user.send(Method::POST, WRITE, None).await.expect(429);
    user.get("/api/v1/nothing").await.expect(404);
    user.get(READ).await.expect(200);
    assert_eq!(deployment.chat.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_token_endpoint_is_limited_as_refreshes_in_the_oauth_error_format() {
    let deployment = spawn_deployment_with(few).await;
    let client = from(&deployment.gateway, "203.0.113.5");
    let begun = Instant::now();
    for left in [3, 2, 1] {
        tells(&post(&client, TOKEN).await.expect(200), "\"anonymous\";q=4;w=3600", left, (4 - left) * 900);
    }
    post(&client, &format!("{TOKEN}/")).await.expect(200);
    for client in
        [&client, &client.with_token("made.up.one"), &client.with_header("authorization", "Basic eDo=")]
    {
        let refused = post(client, TOKEN).await.expect(429);
        tells(&refused, "\"anonymous\";q=4;w=3600", 0, 3600);
        waits(&refused, 900, begun);
        let (detail, request_id) = ("Too many requests, try again later", refused.header("x-request-id"));
        let body = json!({
            "error": "temporarily_unavailable", "error_description": detail,
            "detail": detail, "code": "rate_limited", "request_id": request_id,
        });
        assert_eq!(refused.json(), body);
        assert_eq!((refused.header("cache-control"), refused.header("pragma")), ("no-store", "no-cache"));
    }

    assert_eq!(received(&deployment, TOKEN).await + received(&deployment, &format!("{TOKEN}/")).await, 4);
    // Logins are counted apart.
    post(&client, LOGIN).await.expect(200);
}
