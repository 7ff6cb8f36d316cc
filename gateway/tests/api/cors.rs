//! CORS.

use crate::app::{TestGateway, spawn_configured, spawn_deployment};
use crate::wire::upstream_that_says;
use gateway::config::{AllowedOrigins, Config};
use reqwest::{Method, Url};
use shared::env::{Env, Purpose};
use shared_test_kit::{Answer, TestClient, unreachable_url};

const PATH: &str = "/api/v1/chats/get-chat";
const ORIGIN: &str = "https://app.example";

fn allowing(service: &Url, origins: &str) -> TestGateway {
    spawn_configured(service, |config| config.downstream.allowed_origins = origins.parse().unwrap())
}

fn header(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

fn varies(answer: &Answer) -> bool {
    answer.headers.get_all("vary").iter().any(|value| value == "Origin")
}

async fn preflight(client: &TestClient, path: &str, origin: &str) -> Answer {
    preflight_for(client, path, origin, "authorization,content-type").await
}

/// Asks whether these headers may be sent.
async fn preflight_for(client: &TestClient, path: &str, origin: &str, headers: &str) -> Answer {
    let client = client.with_header("origin", origin).with_header("access-control-request-method", "POST");
    let client = client.with_header("access-control-request-headers", headers);
    client.send(Method::OPTIONS, path, None).await
}

/// Whether an answer lets no page of another origin read it.
fn is_closed(answer: &Answer) -> bool {
    !answer.headers.keys().any(|name| name.as_str().starts_with("access-control-"))
}

#[tokio::test]
async fn without_configuration_no_origin_is_allowed() {
    let deployment = spawn_deployment().await;
    let answer = deployment.gateway.user().with_header("origin", ORIGIN).get(PATH).await.expect(200);
    let asked = preflight(&deployment.gateway.client, PATH, ORIGIN).await.expect(204);
    for answer in [answer, asked] {
        assert!(is_closed(&answer) && !varies(&answer));
    }
    // One who names no origin, or no method, asks the service.
    let client = deployment.gateway.user().with_header("access-control-request-method", "POST");
    client.send(Method::OPTIONS, PATH, None).await.expect(200);
    deployment
        .gateway
        .user()
        .with_header("origin", ORIGIN)
        .send(Method::OPTIONS, PATH, None)
        .await
        .expect(200);
}

#[tokio::test]
async fn a_listed_origin_may_send_preflights_and_read_responses() {
    let service = upstream_that_says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let gateway = allowing(&service, "https://other.example, https://app.example");
    for path in [PATH, "/api/v1/auth/login", "/api/v1/conversations/"] {
        let answer = preflight(&gateway.client, path, ORIGIN).await.expect(204);
        for (name, value) in [
            ("access-control-allow-origin", ORIGIN),
            ("access-control-allow-methods", "GET, HEAD, POST, PUT, DELETE"),
            ("access-control-allow-headers", "authorization, content-type"),
            ("access-control-allow-credentials", "true"),
        ] {
            assert_eq!(answer.header(name), value);
        }
        assert!(varies(&answer));
    }
    let answer = gateway.user().with_header("origin", ORIGIN).get(PATH).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(
        answer.header("access-control-expose-headers"),
        "Link, X-Next-Cursor, X-Request-Id, X-Branch-Id, Idempotency-Replayed, Retry-After, RateLimit, \
         RateLimit-Policy, WWW-Authenticate, Allow"
    );
    assert!(varies(&answer) && answer.header("access-control-allow-credentials") == "true");
}

#[tokio::test]
async fn a_preflight_allows_the_requested_headers() {
    let gateway = allowing(&unreachable_url(), ORIGIN);
    for (asked, allowed) in [
        ("x-requested-with", "x-requested-with"),
        ("cache-control,b3,sentry-trace,baggage", "cache-control, b3, sentry-trace, baggage"),
        ("traceparent , ,a b,X-Own", "traceparent, X-Own"),
        ("", "Accept, Authorization, Content-Type, Idempotency-Key, traceparent, X-Request-Id"),
    ] {
        let answer = preflight_for(&gateway.client, PATH, ORIGIN, asked).await.expect(204);
        assert_eq!(answer.header("access-control-allow-headers"), allowed);
    }
    // However many it asks for, the answer is not long.
    let many = vec!["x-header"; 6000].join(",");
    let answer = preflight_for(&gateway.client, PATH, ORIGIN, &many).await.expect(204);
    assert!((3000..=4096).contains(&answer.header("access-control-allow-headers").len()));
}

#[tokio::test]
async fn error_responses_may_be_read_as_well() {
    let limit = "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n";
    let service = upstream_that_says(limit).await;
    let gateway = allowing(&service, ORIGIN);
    let down = allowing(&unreachable_url(), ORIGIN);
    let [user, client, of_down] =
        [&gateway.user(), &gateway.client, &down.user()].map(|client| client.with_header("origin", ORIGIN));
    for (client, path, status) in [
        (&client, PATH, 401),
        (&client, "/nothing", 404),
        (&client, "/api/v1/nothing", 404),
        (&client, "/api/v1/%00", 400),
        (&user, PATH, 429),
        (&of_down, PATH, 503),
        (&of_down, "/readyz", 503),
    ] {
        let answer = client.get(path).await.expect(status);
        assert_eq!(header(&answer, "access-control-allow-origin").as_deref(), Some(ORIGIN), "{path}");
        assert!(header(&answer, "access-control-expose-headers").is_some() && varies(&answer), "{path}");
    }
}

#[tokio::test]
async fn an_unlisted_origin_is_not_allowed() {
    let said = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n\
        Content-Length: 0\r\n\r\n";
    let gateway = allowing(&upstream_that_says(said).await, ORIGIN);
    for origin in ["https://evil.example", "https://app.example.evil", "http://app.example", "null", ""] {
        let asked = preflight(&gateway.client, PATH, origin).await.expect(204);
        assert!(is_closed(&asked) && varies(&asked), "{origin}");
        let answer = gateway.user().with_header("origin", origin).get(PATH).await.expect(200);
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{origin}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), None, "{origin}");
        assert!(varies(&answer), "a cache must not give it to the page that is allowed");
    }
    let answer = gateway.user().get(PATH).await.expect(200);
    assert!(header(&answer, "access-control-allow-origin").is_none() && varies(&answer));
}

#[tokio::test]
async fn a_star_allows_all_origins() {
    let service = upstream_that_says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    let gateway = allowing(&service, "*");
    let answer = gateway.user().with_header("origin", "null").get(PATH).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let asked = preflight(&gateway.client, PATH, "https://any.example").await.expect(204);
    for answer in [answer, asked] {
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        // Which a browser takes for no star.
        assert_eq!(header(&answer, "access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn local_origins_may_be_allowed() {
    let gateway = spawn_configured(&unreachable_url(), |config| {
        config.downstream.allowed_origins = AllowedOrigins::Local;
    });
    for origin in ["http://localhost:5173", "https://127.0.0.1:3000", "http://[::1]:8080", "http://localhost"]
    {
        let answer = preflight(&gateway.client, PATH, origin).await.expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    let long = format!("http://localhost:{:0>60000}", 80);
    for origin in ["http://localhost.evil.example", "http://192.168.0.2:3000", "null", &long] {
        assert!(is_closed(&preflight(&gateway.client, PATH, origin).await.expect(204)), "{origin}");
    }
}

#[tokio::test]
async fn a_preflight_for_a_path_without_a_route_is_a_404() {
    let gateway = allowing(&unreachable_url(), ORIGIN);
    assert_eq!(preflight(&gateway.client, "/api/v1/nothing", ORIGIN).await.expect(404).code(), "not_found");
}

#[test]
fn an_invalid_origin_fails_the_start_with_one_line() {
    let url = unreachable_url();
    let key = ("SECRET_KEY", shared_test_kit::SECRET_KEY);
    let urls = ["AUTH_URL", "CHAT_URL", "BRANCH_URL"].map(|name| (name, url.as_str()));
    let wrong = ("CORS_ALLOWED_ORIGINS", "https://app.example/");
    let line = Config::from_env(&Env::of([key, urls[0], urls[1], urls[2], wrong]), Purpose::Serve)
        .unwrap_err()
        .to_string();
    assert!(line.starts_with("CORS_ALLOWED_ORIGINS: \"https://app.example/\" is no origin"), "{line}");
    assert!(line.contains("expected") && !line.contains('\n'), "{line}");
}
