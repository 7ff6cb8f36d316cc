//! `POST /auth/login`

use crate::app::{PASSWORD, spawn_app, text};
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_user_logs_in_by_the_name_in_any_case() {
    let app = spawn_app().await;
    app.register(&json!({"username": "Ann@Example.org", "password": PASSWORD})).await.expect(201);
    let tokens = app.login("ann@example.ORG", PASSWORD).await.expect(200).json();
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["expires_in"], 3600);
    let me = app.client.with_token(text(&tokens["access_token"])).get("/api/v1/auth/me").await.expect(200);
    assert_eq!(me.json()["username"], "Ann@Example.org");
}

#[tokio::test]
async fn a_form_does_as_well_as_json() {
    let app = spawn_app().await;
    app.register(&json!({"username": "ann+x@example.org", "password": "a b&c=d é"})).await.expect(201);
    let form = app.client.with_header("content-type", "application/x-www-form-urlencoded");
    let body = "grant_type=password&username=ann%2Bx%40example.org&password=a+b%26c%3Dd+%C3%A9&scope=";
    let answer = form.send(Method::POST, "/api/v1/auth/login", Some(body.to_owned())).await.expect(200);
    assert!(!text(&answer.json()["access_token"]).is_empty());
    let answer =
        form.send(Method::POST, "/api/v1/auth/login", Some("username=ann".to_owned())).await.expect(422);
    assert_eq!(answer.field_errors(), ["missing body.password"]);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let app = spawn_app().await;
    app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);
    for (name, password) in [("ann", "wrong horse"), ("bob", PASSWORD), ("ann", ""), ("", ""), ("a b", "x")] {
        let answer = app.login(name, password).await.expect(401);
        assert_eq!(answer.json()["detail"], "Invalid credentials");
        assert_eq!(answer.code(), "invalid_credentials");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn an_access_token_counts_for_its_time() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    app.clock.advance(Duration::from_secs(3600));
    session.me().await.expect(200);
    app.clock.advance(Duration::from_secs(6));
    assert_eq!(session.me().await.expect(401).json()["detail"], "Invalid token");
}
