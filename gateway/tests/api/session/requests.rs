//! Which requests the session takes, by which scheme and origin, and against what they count.

use super::{ALL, LOGIN, LOGOUT, REFRESH, cookies, page, sent, spawn, spawn_with, with_cookie};
use gateway::config::{AllowedOrigins, RateLimitConfig};
use reqwest::Method;
use serde_json::json;
use shared_test_kit::Samples;

#[tokio::test]
async fn behind_tls_the_cookie_is_secure_and_has_its_prefix() {
    let deployment =
        spawn_with(|config| config.downstream.trusted_proxies = "127.0.0.1".parse().unwrap()).await;
    let tls = page(&deployment.gateway.client).with_header("x-forwarded-proto", "https");
    let answer = tls.post(LOGIN, &json!({})).await.expect(200);
    let expected = "__Host-banyan=first; Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure";
    assert_eq!(cookies(&answer), [expected]);
    let both = tls.with_header("cookie", "banyan=plain; __Host-banyan=secure");
    both.post(REFRESH, &json!({})).await.expect(200);
    assert_eq!(sent(&deployment).await[1].1, json!({"refresh_token": "secure"}));
    let plain = tls.with_header("cookie", "banyan=plain").post(LOGOUT, &json!({})).await.expect(204);
    assert_eq!(cookies(&plain), ["__Host-banyan=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"]);
    assert_eq!(sent(&deployment).await.len(), 2);

    // What a peer that is not trusted says of the scheme does not count.
    let deployment = spawn().await;
    let claimed = page(&deployment.gateway.client).with_header("x-forwarded-proto", "https");
    assert!(cookies(&claimed.post(LOGIN, &json!({})).await.expect(200))[0].starts_with("banyan=first; "));
}

#[tokio::test]
async fn requests_of_other_pages_are_refused() {
    let deployment = spawn_with(|config| {
        config.downstream.trusted_proxies = "127.0.0.1".parse().unwrap();
        config.downstream.allowed_origins = AllowedOrigins::Any;
    })
    .await;
    let client = deployment.gateway.client.with_header("cookie", "banyan=first");
    let own = deployment.gateway.url.origin().ascii_serialization();
    for path in ALL {
        for (name, value) in [
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("accept", "*/*"),
        ] {
            let client = client.with_header(name, value);
            let answer = client.post(path, &json!({})).await.expect(403);
            assert_eq!(answer.code(), "cross_site", "{path} {name}: {value}");
            assert!(cookies(&answer).is_empty(), "{path}");
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
            if name == "sec-fetch-site" {
                client.with_header("origin", &own).post(path, &json!({})).await.expect(403);
            }
        }
    }
    assert!(sent(&deployment).await.is_empty());
    // Without Fetch Metadata the origin decides, as the client sees it.
    client.with_header("origin", &own).post(REFRESH, &json!({})).await.expect(200);
    let proxied =
        client.with_header("x-forwarded-host", "chat.example").with_header("x-forwarded-proto", "https");
    proxied.with_header("origin", "https://chat.example").post(LOGOUT, &json!({})).await.expect(204);
    proxied.with_header("origin", &own).post(LOGOUT, &json!({})).await.expect(403);
}

#[tokio::test]
async fn only_post_with_json_is_taken() {
    let deployment = spawn().await;
    let client = page(&deployment.gateway.client);
    for path in ALL {
        for other in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS]
        {
            let answer = client.send(other, path, None).await.expect(405);
            assert_eq!(answer.header("allow"), "POST", "{path}");
        }
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
            let answer = client.with_header("content-type", other).post(path, &json!({})).await.expect(415);
            assert_eq!(answer.code(), "unsupported_media_type", "{path} {other}");
        }
        client.send(Method::POST, path, None).await.expect(415);
    }
    assert!(sent(&deployment).await.is_empty());
    let charset = client.with_header("content-type", "Application/JSON; charset=utf-8");
    charset.post(LOGIN, &json!({})).await.expect(200);
    let trailing = format!("{LOGIN}/?a=b");
    client.post(&trailing, &json!({})).await.expect(200);
    for (path, size) in [(LOGIN, 65_537), (REFRESH, 65_537), (LOGOUT, 65_537)] {
        let body = Some("x".repeat(size));
        let answer = with_cookie(&client).send(Method::POST, path, body).await.expect(413);
        assert_eq!(answer.code(), "payload_too_large", "{path}");
    }
}

#[tokio::test]
async fn no_preflight_allows_another_origin() {
    let deployment = spawn_with(|config| config.downstream.allowed_origins = AllowedOrigins::Any).await;
    let other = deployment.gateway.client.with_header("origin", "https://app.example");
    let preflight = other.with_header("access-control-request-method", "POST");
    for path in ALL {
        for (client, method, status) in [(&preflight, Method::OPTIONS, 405), (&other, Method::POST, 403)] {
            let answer = client.send(method, path, None).await.expect(status);
            let has_cors = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
            assert!(!has_cors && answer.header("vary").is_empty(), "{path}: {:?}", answer.headers);
        }
    }
}

#[tokio::test]
async fn the_session_counts_against_the_limits_of_logins_and_refreshes() {
    let rate = |text: &str| text.parse().unwrap();
    let deployment = spawn_with(|config| {
        config.downstream.trusted_proxies = "127.0.0.1".parse().unwrap();
        let limits =
            RateLimitConfig { login: rate("3/1h"), anonymous: rate("4/1h"), ..RateLimitConfig::default() };
        config.rate_limits = Some(limits);
    })
    .await;
    let client = page(&deployment.gateway.client).with_header("x-forwarded-for", "203.0.113.5");
    for path in [LOGIN, "/api/v1/auth/login", LOGIN] {
        let answer = client.post(path, &json!({})).await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"login\";q=3;w=3600", "{path}");
    }
    for path in [LOGIN, "/api/v1/auth/login"] {
        assert_eq!(client.post(path, &json!({})).await.expect(429).code(), "rate_limited");
    }
    let cross_site = client.with_header("sec-fetch-site", "cross-site");
    let holder = client.with_header("cookie", "banyan=first");
    holder.post(REFRESH, &json!({})).await.expect(200);
    holder.post(LOGOUT, &json!({})).await.expect(204);
    cross_site.post(LOGIN, &json!({})).await.expect(403);
    let last = client.post(REFRESH, &json!({})).await.expect(204);
    assert_eq!(last.header("ratelimit-policy"), "\"anonymous\";q=4;w=3600");
    holder.post(REFRESH, &json!({})).await.expect(429);
    cross_site.post(LOGIN, &json!({})).await.expect(429);
    let elsewhere = client.with_header("x-forwarded-for", "203.0.113.6");
    elsewhere.post(LOGIN, &json!({})).await.expect(200);
    let heard = deployment.auth.received_requests().await.unwrap();
    let addresses: Vec<_> =
        heard.iter().map(|request| request.headers["x-real-ip"].to_str().unwrap()).collect();
    assert_eq!(addresses[..2], ["203.0.113.5"; 2]);
    assert_eq!(addresses.last(), Some(&"203.0.113.6"));
}

#[tokio::test]
async fn metrics_name_the_route_of_the_session() {
    let deployment = spawn().await;
    page(&deployment.gateway.client).post(LOGIN, &json!({})).await.expect(200);
    let samples = Samples::of(&deployment.gateway.metrics).await;
    let labels = ["http_route=\"/ui/session/login\"", "service_name=\"gateway\""];
    assert_eq!(samples.sum("http_server_request_duration_seconds_count", &labels), Some(1.0));
}
