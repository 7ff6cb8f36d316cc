//! Limits of the bytes that a user writes.

use super::{READ, WRITE, waits};
use crate::app::{authorization, spawn_deployment_with};
use gateway::config::{Config, RateLimitConfig};
use reqwest::Method;
use shared_test_kit::Samples;
use tokio::time::Instant;

/// A user who may write often, but only 16 MiB in an hour.
fn few_bytes(config: &mut Config) {
    config.rate_limits =
        Some(RateLimitConfig { bytes: "16MiB/1h".parse().unwrap(), ..RateLimitConfig::default() });
}

const MEBIBYTE: usize = 1 << 20;

#[tokio::test]
async fn written_bytes_are_limited_by_user_and_told_in_headers() {
    let deployment = spawn_deployment_with(few_bytes).await;
    let user = deployment.gateway.user();
    let write = |bytes: usize| user.send(Method::POST, WRITE, Some("x".repeat(bytes)));
    let policy = "\"bytes\";q=16777216;qu=\"content-bytes\";w=3600";
    let begun = Instant::now();
    for left in [10, 4] {
        let answer = write(6 * MEBIBYTE).await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), policy);
        let told = answer.header("ratelimit");
        let left = left * u64::try_from(MEBIBYTE).unwrap();
        let told_left: u64 =
            told.strip_prefix("\"bytes\";r=").unwrap().split(';').next().unwrap().parse().unwrap();
        // The bucket refills by whole KiB while the test runs.
        let back = (begun.elapsed().as_secs() + 1) * 16_777_216 / 3600 + 1024;
        assert!((left..=left + back).contains(&told_left), "{told}");
    }
    let answer = write(6 * MEBIBYTE).await.expect(429);
    assert_eq!((answer.code().as_str(), answer.header("ratelimit-policy")), ("rate_limited", policy));
    // 2 MiB of 16 come back in an eighth of an hour.
    waits(&answer, 450, begun);
    write(3 * MEBIBYTE).await.expect(200);

    // Who has written too much may still change the password.
    let body = Some("x".repeat(60_000));
    for _ in 0..20 {
        user.send(Method::POST, "/api/v1/auth/logout", body.clone()).await.expect(200);
    }
    user.get(READ).await.expect(200);
    deployment.gateway.user().send(Method::POST, WRITE, Some("x".repeat(6 * MEBIBYTE))).await.expect(200);
    assert_eq!(
        deployment.chat.received_requests().await.unwrap().iter().filter(|r| r.url.path() == WRITE).count(),
        4
    );

    let series = Samples::of(&deployment.gateway.metrics).await;
    assert_eq!(series.sum("limits_hit_total", &["limit=\"bytes\"", "service_name=\"gateway\""]), Some(1.0));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_counted_as_it_arrives() {
    let deployment = spawn_deployment_with(few_bytes).await;
    let token = authorization();
    let (mut status, mut whole, mut retry_after) = (200, 0, String::new());
    while status == 200 {
        assert!(whole <= 16 * MEBIBYTE, "more was taken than is allowed");
        let mut wire = deployment.gateway.wire().await;
        wire.say(&format!("PUT {WRITE} HTTP/1.1\r\nHost: a\r\n{token}Transfer-Encoding: chunked\r\n\r\n"))
            .await;
        for _ in 0..5 {
            wire.try_say(format!("100000\r\n{}\r\n", "x".repeat(MEBIBYTE)).as_bytes()).await;
        }
        wire.try_say(b"0\r\n\r\n").await;
        let (head, _) = wire.answer().await;
        status = crate::wire::status(&head);
        retry_after = crate::wire::header(&head, "retry-after").unwrap_or_default().to_owned();
        whole += if status == 200 { 5 * MEBIBYTE } else { 0 };
    }

    // All of the hour, as the largest body is all that is allowed in it.
    assert_eq!((status, whole, retry_after.as_str()), (429, 15 * MEBIBYTE, "3600"));
}
