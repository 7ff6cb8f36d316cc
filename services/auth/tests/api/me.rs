//! `GET` and `DELETE /auth/me`

use crate::app::{PASSWORD, spawn_app};
use serde_json::json;
use shared::ids::UserId;
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn me_returns_the_user_of_the_token() {
    let app = spawn_app().await;
    let session = app.session("ann").await;

    let me = session.me().await.expect(200).json();

    assert_eq!(
        (me["user_id"].as_str(), me["username"].as_str()),
        (Some(session.user_id.as_str()), Some("ann"))
    );
    app.client.as_user(UserId::generate()).get("/api/v1/auth/me").await.expect(401);
}

#[tokio::test]
async fn a_deleted_account_is_gone_at_once_and_chat_is_notified() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let other = app.session("bob").await;
    session.delete_me(&json!({"password": PASSWORD})).await.expect(200);

    session.me().await.expect(401);
    // Before any other error of the request.
    session.delete_me(&json!({})).await.expect(401);
    session.change_password("", "").await.expect(401);
    session.logout("unknown").await.expect(401);
    app.refresh(&session.refresh_token).await.expect(401);
    app.login("ann", PASSWORD).await.expect(401);
    other.me().await.expect(200);
    app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);

    let heard = app.chat.received_requests().await.unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].method.as_str(), "DELETE");
    assert_eq!(heard[0].url.path(), format!("/internal/accounts/{}", session.user_id));
    assert!(heard[0].headers["authorization"].to_str().unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn an_account_is_deleted_while_chat_is_down() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    app.chat.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&app.chat).await;
    session.delete_me(&json!({"password": PASSWORD})).await.expect(200);

    session.me().await.expect(401);
}

#[tokio::test]
async fn a_deletion_needs_the_password() {
    let app = spawn_app().await;
    let session = app.session("ann").await;

    assert_eq!(
        session.delete_me(&json!({"password": "wrong horse"})).await.expect(403).code(),
        "wrong_password"
    );
    assert_eq!(session.delete_me(&json!({})).await.expect(422).field_errors(), ["missing body.password"]);
    session.client.delete("/api/v1/auth/me").await.expect(422);
    session.me().await.expect(200);
    assert!(app.chat.received_requests().await.unwrap().is_empty());
}
