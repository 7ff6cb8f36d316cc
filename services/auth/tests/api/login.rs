//! `POST /auth/login`

use crate::app::{PASSWORD, spawn_app, spawn_app_with, text};
use futures_util::future::{join, join_all};
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
async fn a_form_is_accepted_like_json() {
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
async fn a_hash_of_another_cost_is_renewed_at_a_login() {
    for (old, new) in [(4, 5), (5, 4)] {
        let mut app = spawn_app_with(|config| config.passwords.bcrypt_cost = old).await;
        app.register(&json!({"username": "ann", "password": PASSWORD})).await.expect(201);
        let before = app.password_hash("ann").await;
        assert_eq!(cost_of(&before), old);
        app.restart_with(|config| config.passwords.bcrypt_cost = new).await;
        app.login("ann", "wrong horse").await.expect(401);
        assert_eq!(app.password_hash("ann").await, before);
        app.login("ann", PASSWORD).await.expect(200);
        let renewed = app.password_hash("ann").await;
        assert_eq!(cost_of(&renewed), new);
        app.login("ann", "wrong horse").await.expect(401);
        app.login("ann", PASSWORD).await.expect(200);
        assert_eq!(app.password_hash("ann").await, renewed);
    }
}

#[tokio::test]
async fn a_login_concurrent_with_a_renewal_of_the_hash_succeeds() {
    let mut app = spawn_app().await;
    let session = app.session("ann").await;
    app.restart_with(|config| config.passwords.bcrypt_cost = 5).await;
    let answers = join_all((0..8).map(|_| app.login("ann", PASSWORD))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));

    app.restart_with(|config| config.passwords.bcrypt_cost = 6).await;
    let session = session.at(&app);
    let change = session.change_password(PASSWORD, "another horse");
    let (_, change) = join(app.login("ann", PASSWORD), change).await;
    change.expect(200);
    app.login("ann", "another horse").await.expect(200);
}

fn cost_of(hash: &str) -> u32 {
    hash.split('$').nth(2).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_access_token_is_valid_for_its_lifetime() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    app.clock.advance(Duration::from_secs(3600));
    session.me().await.expect(200);
    app.clock.advance(Duration::from_secs(6));

    assert_eq!(session.me().await.expect(401).json()["detail"], "Invalid token");
}
