//! Security headers.

use crate::app::{spawn_before, spawn_deployment};
use crate::wire::upstream_that_says;
use shared_test_kit::{Answer, unreachable_url};

const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

fn only<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let values: Vec<_> = answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
    assert!(values.len() <= 1, "{name}: {values:?}");
    values.first().copied()
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let deployment = spawn_deployment().await;
    let (client, user) = (&deployment.gateway.client, &deployment.gateway.user());
    for (client, path, status, is_of_api) in [
        (user, "/api/v1/chats/get-chat", 200, true),
        (client, "/api/v1/auth/login", 200, true),
        (client, "/api/v1/chats/get-chat", 401, true),
        (user, "/api/v1/nothing", 404, true),
        (user, "/api/v1/chats/%00", 400, true),
        (client, "/nothing", 404, false),
        (client, "/health", 200, false),
        (client, "/livez", 200, false),
        (client, "/docs/nothing.js", 404, false),
    ] {
        let answer = client.get(path).await.expect(status);
        assert_eq!(only(&answer, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(only(&answer, "referrer-policy"), Some("no-referrer"), "{path}");
        assert_eq!(only(&answer, "content-security-policy"), Some(POLICY), "{path}");
        assert_eq!(only(&answer, "cache-control"), is_of_api.then_some("no-store"), "{path}");
        assert_eq!(only(&answer, "server"), None, "{path}");
    }
    let down = spawn_before(&unreachable_url());
    let answer = down.user().get("/api/v1/chats/get-chat").await.expect(503);
    assert_eq!(only(&answer, "cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_service_cannot_weaken_the_security_headers() {
    let service = upstream_that_says(
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nServer: nginx/1.2.3\r\nX-Powered-By: x\r\nCache-Control: public\r\n\
         Content-Security-Policy: default-src *\r\nReferrer-Policy: unsafe-url\r\n\r\n",
    )
    .await;
    let answer = spawn_before(&service).user().get("/api/v1/chats/get-chat").await.expect(200);
    for (name, value) in [
        ("server", None),
        ("x-powered-by", None),
        ("cache-control", Some("no-store")),
        ("content-security-policy", Some(POLICY)),
        ("referrer-policy", Some("no-referrer")),
    ] {
        assert_eq!(only(&answer, name), value);
    }
}

#[tokio::test]
async fn docs_has_a_content_security_policy_of_its_own() {
    let gateway = spawn_before(&unreachable_url());
    let page = gateway.client.get("/docs").await.expect(200);
    let policy = only(&page, "content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'self'; ") && policy.ends_with("; frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(only(&page, "x-content-type-options"), Some("nosniff"));
    let file = gateway.client.get("/docs/swagger-ui.css").await.expect(200);
    assert_eq!(only(&file, "cache-control"), Some("public, max-age=3600"));
}
