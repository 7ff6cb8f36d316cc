//! What is limited at all, and for how long.

use super::{LOGIN, READ, few, from, post, rate};
use crate::app::spawn_deployment_with;
use gateway::config::RateLimitConfig;
use reqwest::Method;
use shared_test_kit::Samples;
use std::time::Duration;
use tokio::time::Instant;

#[tokio::test]
async fn a_used_up_limit_refills() {
    let deployment = spawn_deployment_with(|config| {
        few(config);
        config.rate_limits = config.rate_limits.map(|rates| RateLimitConfig { login: rate("1/1s"), ..rates });
    })
    .await;
    let client = from(&deployment.gateway, "203.0.113.5");
    let deadline = Instant::now() + Duration::from_secs(30);
    let (mut taken, mut refused) = (0, 0);
    while taken < 3 {
        assert!(Instant::now() < deadline);
        let answer = post(&client, LOGIN).await;
        if answer.status == 429 {
            assert_eq!(answer.header("retry-after"), "1");
            refused += 1;
        } else {
            answer.expect(200);
            taken += 1;
        }
    }

    assert!(refused > 0);
}

#[tokio::test]
async fn paths_outside_the_api_are_not_limited() {
    let deployment = spawn_deployment_with(|config| {
        few(config);
        config.downstream.allowed_origins = gateway::config::AllowedOrigins::Any;
    })
    .await;
    let client = from(&deployment.gateway, "203.0.113.5");
    let page = client.with_header("origin", "https://a.example");
    let asking = page.with_header("access-control-request-method", "POST");
    for _ in 0..10 {
        for path in ["/health", "/livez", "/docs"] {
            assert_eq!(client.get(path).await.expect(200).header("ratelimit"), "");
        }
        assert_eq!(asking.send(Method::OPTIONS, LOGIN, None).await.expect(204).header("ratelimit"), "");
    }
    let answer = post(&page, LOGIN).await.expect(200);
    let exposed = answer.header("access-control-expose-headers");
    for name in ["Retry-After", "RateLimit", "RateLimit-Policy"] {
        assert!(exposed.split(", ").any(|exposed| exposed == name), "{exposed}");
    }
}

#[tokio::test]
async fn with_limits_off_nothing_is_counted_nor_told_in_headers() {
    let deployment = spawn_deployment_with(|config| {
        few(config);
        config.rate_limits = None;
    })
    .await;
    let client = from(&deployment.gateway, "203.0.113.5");
    for _ in 0..10 {
        let answer = post(&client, LOGIN).await.expect(200);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
        client.get(READ).await.expect(401);
    }

    assert_eq!(
        Samples::of(&deployment.gateway.metrics).await.sum("limits_hit_total", &["limit=\"login\""]),
        None
    );
}
