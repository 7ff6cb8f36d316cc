//! The conventions of the API, on the routes of this service.

use crate::app::{PASSWORD, spawn_app};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let app = spawn_app().await;
    let body = json!({"username": "ann", "password": PASSWORD});
    app.client.post("/api/v1/auth/register/", &body).await.expect(201);
    app.client.post("/api/v1/auth/login/", &body).await.expect(200);
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_api() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let text = session.client.with_header("content-type", "text/plain");
    let too_large = "x".repeat(shared_web::body_limits::MAX_AUTH_BODY_BYTES + 1);

    app.client.get("/api/v1/auth/unknown").await.expect(401);
    session.client.get("/api/v1/auth/unknown").await.expect(404);
    app.client.get("/nowhere").await.expect(404);
    app.client.post("/api/v1/auth/me", &json!({})).await.expect(401);
    let answer = session.client.post("/api/v1/auth/me", &json!({})).await.expect(405);
    assert_eq!(answer.header("allow"), "DELETE, GET, HEAD");
    text.send(Method::PUT, "/api/v1/auth/change-password", Some(too_large)).await.expect(413);
    text.send(Method::PUT, "/api/v1/auth/change-password", Some("{".to_owned())).await.expect(415);
    let bare = session.client.with_header("content-type", "");
    let answer =
        bare.send(Method::PUT, "/api/v1/auth/change-password", Some("{".to_owned())).await.expect(422);
    assert_eq!(answer.field_errors(), ["json_invalid body.1"]);
}

#[tokio::test]
async fn a_token_is_read_from_a_bearer_scheme_in_any_case() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let tokens = app.login("ann", PASSWORD).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let me = async |value: &str| app.client.with_header("authorization", value).get("/api/v1/auth/me").await;
    me(&format!("bEARER {token}")).await.expect(200);
    for none in ["", "Basic YTpi", "Bearer"] {
        let answer = me(none).await.expect(401);
        assert_eq!(answer.json()["detail"], "Not authenticated", "{none}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for bad in [&format!("Bearer {token}x"), "Bearer x", &format!("Bearer {}", session.refresh_token)] {
        assert_eq!(me(bad).await.expect(401).json()["detail"], "Invalid token", "{bad}");
    }
}

#[tokio::test]
async fn accept_chooses_the_media_type_of_an_error() {
    let app = spawn_app().await;
    let client =
        app.client.with_header("x-request-id", "my-id_1").with_header("accept", "application/problem+json");
    let answer = client.post("/api/v1/auth/register", &json!({"username": "ann"})).await.expect(422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.header("x-request-id"), "my-id_1");
    let problem = answer.json();
    assert_eq!(problem["type"], "about:blank");
    assert_eq!(problem["title"], "Unprocessable Entity");
    assert_eq!(problem["status"], 422);
    assert!(problem["detail"].is_string());
    assert_eq!(problem["code"], "validation_error");
    assert_eq!(problem["request_id"], "my-id_1");
    assert_eq!(problem["errors"][0]["loc"], json!(["body", "password"]));

    let answer = app.client.with_header("x-request-id", "not safe").get("/api/v1/auth/me").await.expect(401);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_ne!(answer.header("x-request-id"), "not safe");
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
}

#[tokio::test]
async fn every_get_answers_head() {
    let app = spawn_app().await;
    let session = app.session("ann").await;

    let answer = session.client.send(Method::HEAD, "/api/v1/auth/me", None).await.expect(200);

    assert_eq!(answer.text, "");
    assert!(answer.header("content-length").parse::<usize>().unwrap() > 0);
}

#[tokio::test]
async fn health_endpoints_need_no_token() {
    let app = spawn_app().await;
    for path in ["/livez", "/readyz", "/openapi.json"] {
        app.client.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn a_body_has_at_most_64_kibibytes() {
    let app = spawn_app().await;
    let frame = json!({"refresh_token": "x", "unknown": ""}).to_string().len();
    let body = |bytes: usize| json!({"refresh_token": "x", "unknown": "x".repeat(bytes - frame)});

    let answer = app.client.post("/api/v1/auth/refresh", &body((64 << 10) + 1)).await.expect(413);

    assert_eq!(answer.code(), "payload_too_large");
    assert_eq!(answer.json()["detail"], "The body is larger than 65536 bytes");
    app.client.post("/api/v1/auth/refresh", &body(64 << 10)).await.expect(401);
    app.client.get("/api/v1/auth/refresh").await.expect(405);
}
