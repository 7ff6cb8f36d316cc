//! Rate limits.

use crate::app::{
    TestGateway, TestHouse, authorization, nobody, spawn_configured, spawn_house, spawn_house_with,
};
use gateway::config::{Config, RateLimitConfig};
use reqwest::Method;
use serde_json::json;
use shared_test_kit::{Answer, Samples, TestClient};
use std::time::Duration;
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

async fn received(house: &TestHouse, path: &str) -> usize {
    let all = house.auth.received_requests().await.unwrap();
    all.iter().filter(|request| request.url.path() == path).count()
}

#[tokio::test]
async fn logins_are_limited_by_address_and_told_in_headers() {
    let house = spawn_house_with(few).await;
    let client = from(&house.gateway, "203.0.113.5");
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

    assert_eq!(received(&house, LOGIN).await, 3);
    post(&from(&house.gateway, "203.0.113.6"), LOGIN).await.expect(200);
    let series = Samples::of(&house.gateway.metrics).await;
    assert_eq!(series.sum("limits_hit_total", &["limit=\"login\"", "service_name=\"gateway\""]), Some(2.0));
    assert_eq!(series.sum("limits_hit_total", &["limit=\"reads\""]), Some(0.0));
}

#[tokio::test]
async fn registrations_have_a_limit_of_their_own() {
    let house = spawn_house_with(few).await;
    let client = from(&house.gateway, "203.0.113.5");
    for path in [REGISTER, LOGIN, REGISTER] {
        post(&client, path).await.expect(200);
    }
    let answer = post(&client, REGISTER).await.expect(429);
    tells(&answer, "\"register\";q=2;w=3600", 0, 3600);
    post(&client, LOGIN).await.expect(200);
}

#[tokio::test]
async fn an_ipv6_network_counts_as_one_address() {
    let house = spawn_house_with(few).await;
    for address in ["2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3:4:5:6"] {
        post(&from(&house.gateway, address), LOGIN).await.expect(200);
    }
    post(&from(&house.gateway, "2001:db8:1:2::7"), LOGIN).await.expect(429);
    post(&from(&house.gateway, "2001:db8:1:3::1"), LOGIN).await.expect(200);
}

#[tokio::test]
async fn a_loopback_peer_is_not_limited_by_address() {
    let house = spawn_house_with(|config| {
        few(config);
        config.downstream = gateway::config::DownstreamConfig::default();
    })
    .await;
    for _ in 0..10 {
        // What it says of its client does not count.
        let answer = post(&from(&house.gateway, "203.0.113.5"), LOGIN).await.expect(200);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
        house.gateway.client.get(READ).await.expect(401);
    }
}

#[tokio::test]
async fn reads_and_writes_are_limited_apart_for_each_user() {
    let house = spawn_house_with(few).await;
    let user = house.gateway.user();
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
    house.gateway.user().get(READ).await.expect(200);
}

#[tokio::test]
async fn operations_that_check_a_password_have_the_limit_of_logins() {
    let house = spawn_house_with(few).await;
    let user = house.gateway.user();
    for _ in 0..2 {
        user.send(Method::PUT, "/api/v1/auth/change-password", None).await.expect(200);
    }
    user.send(Method::DELETE, "/api/v1/auth/me", None).await.expect(200);
    let answer = user.send(Method::DELETE, "/api/v1/auth/me", None).await.expect(429);
    tells(&answer, "\"passwords\";q=3;w=3600", 0, 3600);
    user.get("/api/v1/auth/me").await.expect(200);
}

#[tokio::test]
async fn requests_without_a_valid_token_are_limited_by_address() {
    let house = spawn_house_with(few).await;
    let client = from(&house.gateway, "203.0.113.5");
    let answer = client.get(READ).await.expect(401);
    tells(&answer, "\"anonymous\";q=4;w=3600", 3, 900);
    client.with_token("made.up.one").get(READ).await.expect(401);
    post(&client, REFRESH).await.expect(200);
    post(&client, REFRESH).await.expect(200);
    assert_eq!(post(&client, REFRESH).await.expect(429).code(), "rate_limited");
    client.with_token("made.up.two").get(READ).await.expect(429);
    let user = house.gateway.user().with_header("x-forwarded-for", "203.0.113.5");
    user.get(READ).await.expect(200);
    post(&client, LOGIN).await.expect(200);
}

#[tokio::test]
async fn requests_refused_before_routing_count_as_well() {
    let house = spawn_house_with(few).await;
    let refused = [
        (Method::TRACE, READ, 501),
        ("PROPFIND".parse().unwrap(), "/docs", 501),
        (Method::GET, "/api/v1/auth/%00", 400),
        (Method::GET, "/api/v1/nothing", 404),
    ];
    for (address, others) in [("203.0.113.5", &refused), ("203.0.113.6", &refused)] {
        let client = from(&house.gateway, address);
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
    let user = house.gateway.user();
    for left in [1, 0] {
        let answer = user.send(Method::TRACE, READ, None).await.expect(501);
        tells(&answer, "\"writes\";q=2;w=3600", left, (2 - left) * 1800);
    }
    user.send(Method::TRACE, READ, None).await.expect(429);
    user.send(Method::POST, WRITE, None).await.expect(429);
    user.get("/api/v1/nothing").await.expect(404);
    user.get(READ).await.expect(200);
    assert_eq!(house.chat.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_token_endpoint_is_limited_as_refreshes_in_the_oauth_error_format() {
    let house = spawn_house_with(few).await;
    let client = from(&house.gateway, "203.0.113.5");
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
    assert_eq!(received(&house, TOKEN).await + received(&house, &format!("{TOKEN}/")).await, 4);
    // Logins are counted apart.
    post(&client, LOGIN).await.expect(200);
}

#[tokio::test]
async fn a_used_up_limit_refills() {
    let house = spawn_house_with(|config| {
        few(config);
        config.rate_limits = config.rate_limits.map(|rates| RateLimitConfig { login: rate("1/1s"), ..rates });
    })
    .await;
    let client = from(&house.gateway, "203.0.113.5");
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

/// A user who may write often, but only 16 MiB in an hour.
fn few_bytes(config: &mut Config) {
    config.rate_limits =
        Some(RateLimitConfig { bytes: "16MiB/1h".parse().unwrap(), ..RateLimitConfig::default() });
}

const MEBIBYTE: usize = 1 << 20;

#[tokio::test]
async fn written_bytes_are_limited_by_user_and_told_in_headers() {
    let house = spawn_house_with(few_bytes).await;
    let user = house.gateway.user();
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
    house.gateway.user().send(Method::POST, WRITE, Some("x".repeat(6 * MEBIBYTE))).await.expect(200);
    assert_eq!(
        house.chat.received_requests().await.unwrap().iter().filter(|r| r.url.path() == WRITE).count(),
        4
    );
    let series = Samples::of(&house.gateway.metrics).await;
    assert_eq!(series.sum("limits_hit_total", &["limit=\"bytes\"", "service_name=\"gateway\""]), Some(1.0));
}

#[tokio::test]
async fn a_body_of_unknown_length_is_counted_as_it_arrives() {
    let house = spawn_house_with(few_bytes).await;
    let token = authorization();
    let (mut status, mut whole, mut retry_after) = (200, 0, String::new());
    while status == 200 {
        assert!(whole <= 16 * MEBIBYTE, "more was taken than is allowed");
        let mut wire = house.gateway.wire().await;
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

#[tokio::test]
async fn paths_outside_the_api_are_not_limited() {
    let house = spawn_house_with(|config| {
        few(config);
        config.downstream.allowed_origins = gateway::config::AllowedOrigins::Any;
    })
    .await;
    let client = from(&house.gateway, "203.0.113.5");
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
async fn the_gateways_own_errors_have_ratelimit_headers() {
    let gateway = spawn_configured(&nobody(), few);
    let answer = gateway.user().get(READ).await.expect(503);
    tells(&answer, "\"reads\";q=5;w=3600", 4, 720);
}

#[tokio::test]
async fn with_limits_off_nothing_is_counted_nor_told_in_headers() {
    let house = spawn_house_with(|config| {
        few(config);
        config.rate_limits = None;
    })
    .await;
    let client = from(&house.gateway, "203.0.113.5");
    for _ in 0..10 {
        let answer = post(&client, LOGIN).await.expect(200);
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), ("", ""));
        client.get(READ).await.expect(401);
    }
    assert_eq!(Samples::of(&house.gateway.metrics).await.sum("limits_hit_total", &["limit=\"login\""]), None);
}

#[tokio::test]
async fn by_default_a_user_has_30000_reads_a_minute() {
    let house = spawn_house().await;
    let answer = house.gateway.user().get(READ).await.expect(200);
    tells(&answer, "\"reads\";q=30000;w=60", 29_999, 1);
    let answer = post(&house.gateway.user(), WRITE).await.expect(200);
    tells(&answer, "\"writes\";q=12000;w=60", 11_999, 1);
}
