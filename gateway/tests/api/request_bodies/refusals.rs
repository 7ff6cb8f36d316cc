//! Refusals of encoded bodies, and the form of refusals at the token endpoint.

use super::PATH;
use crate::app::{spawn_before, spawn_deployment};
use crate::wire::{header, status};
use reqwest::Method;
use shared_test_kit::unreachable_url;
use shared_web::body_limits::MAX_AUTH_BODY_BYTES;
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn an_encoded_body_is_a_415() {
    let deployment = spawn_deployment().await;
    let options = ResponseTemplate::new(405).insert_header("allow", "POST, PUT");
    Mock::given(method("OPTIONS")).respond_with(options).mount(&deployment.branch).await;
    let user = deployment.gateway.user();
    for coding in ["gzip", "identity, br", "x-own", "GZIP"] {
        let client = user.with_header("content-encoding", coding);
        for method in [Method::POST, Method::PUT] {
            let answer = client.send(method, PATH, Some("x".into())).await.expect(415);
            assert_eq!(answer.code(), "unsupported_media_type");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
        // The wrong method is told first; and where there is no body, or none that is looked at, there is nothing to decode.
        client.send(Method::PATCH, PATH, Some("x".into())).await.expect(405);
        client.send(Method::GET, PATH, None).await.expect(200);
        client.send(Method::DELETE, PATH, Some("x".into())).await.expect(200);
    }
    for coding in ["identity", "Identity", "", " , identity"] {
        user.with_header("content-encoding", coding)
            .send(Method::POST, PATH, Some("x".into()))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn refusals_at_the_token_endpoint_have_the_oauth_error_format() {
    let deployment = spawn_deployment().await;
    let down = spawn_before(&unreachable_url());
    let too_large = format!("Content-Length: {}\r\n", MAX_AUTH_BODY_BYTES + 1);
    let problem_json = format!("Accept: application/problem+json\r\n{too_large}");
    for (gateway, headers, told, error) in [
        (&deployment.gateway, too_large.as_str(), 413, "invalid_request"),
        (&deployment.gateway, problem_json.as_str(), 413, "invalid_request"),
        (&deployment.gateway, "Content_Length: 0\r\n", 400, "invalid_request"),
        (&down, "Content-Length: 0\r\n", 503, "temporarily_unavailable"),
    ] {
        let mut wire = gateway.wire().await;
        wire.say(&format!("POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\n{headers}\r\n")).await;
        let (head, body) = wire.answer().await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status(&head), body["error"].as_str()), (told, Some(error)), "{body}");
        assert!(body["error_description"].is_string() && body["code"].is_string(), "{body}");
        assert_eq!(
            (header(&head, "cache-control"), header(&head, "pragma")),
            (Some("no-store"), Some("no-cache"))
        );
    }

    // Elsewhere it is as ever.
    let answer = down.client.post("/api/v1/auth/login", &serde_json::json!({})).await.expect(503);

    assert_eq!((answer.json().get("error"), answer.header("pragma")), (None, ""));
}
