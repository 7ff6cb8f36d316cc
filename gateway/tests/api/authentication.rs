//! Authentication, and the order of refusals.

use crate::app::{authorization, only_request, spawn_deployment};
use crate::wire::status;
use serde_json::json;
use shared::ids::UserId;
use shared::service::Service;
use shared_test_kit::{access_token, token_keys};
use std::time::Duration;

const PATH: &str = "/api/v1/chats/get-chat";

#[tokio::test]
async fn a_missing_token_is_a_401_in_both_error_formats() {
    let deployment = spawn_deployment().await;
    let answer = deployment.gateway.client.get(PATH).await.expect(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.header("content-type"), "application/json");
    let request_id = answer.header("x-request-id");
    let expected =
        json!({"detail": "Not authenticated", "code": "not_authenticated", "request_id": request_id});
    assert_eq!(answer.json(), expected);

    let client = deployment.gateway.client.with_header("accept", "application/problem+json");
    let answer = client.get(PATH).await.expect(401);
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let expected = json!({
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Not authenticated",
        "code": "not_authenticated",
        "request_id": answer.header("x-request-id"),
    });
    assert_eq!(answer.json(), expected);
    assert!(deployment.chat.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_invalid_token_is_told_from_a_missing_one() {
    let deployment = spawn_deployment().await;
    let keys = token_keys(&deployment.gateway.clock);
    let for_service = keys.issue_for_service(Service::Gateway, Service::Chat).unwrap();
    for token in ["nonsense", "a.b.c", for_service.as_str()] {
        let answer = deployment.gateway.client.with_token(token).get(PATH).await.expect(401);
        assert_eq!((answer.code().as_str(), answer.header("www-authenticate")), ("invalid_token", "Bearer"));
        assert_eq!(answer.json()["detail"], "Invalid token");
    }
    let answer =
        deployment.gateway.client.with_header("authorization", "Basic eDp5").get(PATH).await.expect(401);
    assert_eq!(answer.code(), "not_authenticated");
}

#[tokio::test]
async fn a_token_is_valid_until_it_expires() {
    let deployment = spawn_deployment().await;
    let user = deployment.gateway.user();
    user.get(PATH).await.expect(200);
    deployment.gateway.clock.advance(Duration::from_secs(3606));
    assert_eq!(user.get(PATH).await.expect(401).code(), "invalid_token");
}

#[tokio::test]
async fn the_bearer_scheme_is_accepted_in_any_case_and_passed_on_as_sent() {
    let deployment = spawn_deployment().await;
    let header = format!("bEARER {}", access_token(UserId::generate()));
    deployment.gateway.client.with_header("authorization", &header).get(PATH).await.expect(200);
    let request = only_request(&deployment.chat).await;
    assert_eq!(request.headers["authorization"], header.as_str());
}

#[tokio::test]
async fn refusals_come_in_the_documented_order() {
    let deployment = spawn_deployment().await;
    let too_large = "Host: a\r\nContent-Length: 17825792\r\n";
    let token = authorization();
    for (path, token, expected) in [
        ("/api/v1/nothing", "", 404),
        ("/api/v1/nothing", token.as_str(), 404),
        (PATH, "", 401),
        (PATH, token.as_str(), 413),
        ("/api/v1/auth/login", "", 413),
        ("/api/v1/auth/token", "", 413),
    ] {
        let mut wire = deployment.gateway.wire().await;
        wire.say(&format!("POST {path} HTTP/1.1\r\n{too_large}{token}\r\n")).await;
        assert_eq!(status(&wire.head().await), expected, "{path}");
    }
}
