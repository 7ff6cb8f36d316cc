//! `POST /auth/refresh`

use crate::app::{PASSWORD, refresh_token, spawn_app, spawn_app_with, text};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use shared::clock::Clock;
use std::time::Duration;

#[tokio::test]
async fn a_refresh_token_gets_new_tokens() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let answer = app.refresh(&session.refresh_token).await.expect(200);
    let tokens = answer.json();
    assert_eq!((tokens["token_type"].as_str(), tokens["expires_in"].as_u64()), (Some("bearer"), Some(3600)));
    assert_ne!(refresh_token(&answer), session.refresh_token);

    let me = app.client.with_token(text(&tokens["access_token"])).get("/api/v1/auth/me").await.expect(200);
    assert_eq!(me.json()["user_id"], session.user_id.as_str());
}

#[tokio::test]
async fn a_form_is_accepted_like_json() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let form = app.client.with_header("content-type", "application/x-www-form-urlencoded");
    let refresh = async |body: String| form.send(Method::POST, "/api/v1/auth/refresh", Some(body)).await;
    let body = format!("grant_type=refresh_token&refresh_token={}&client_id=x", session.refresh_token);
    let answer = refresh(body).await.expect(200);
    app.refresh(&refresh_token(&answer)).await.expect(200);

    assert_eq!(
        refresh("token=x".to_owned()).await.expect(422).field_errors(),
        ["missing body.refresh_token"]
    );
    refresh("refresh_token=x".to_owned()).await.expect(401);
}

#[tokio::test]
async fn an_invalid_refresh_token_is_a_401() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    for token in ["", "x", &"x".repeat(60_000), text(&session.me().await.json()["user_id"])] {
        let answer = app.refresh(token).await.expect(401);
        assert_eq!(answer.json()["detail"], "Invalid token");
    }

    let answer = app.client.post("/api/v1/auth/refresh", &json!({"refresh_token": 1})).await.expect(422);

    assert_eq!(answer.field_errors(), ["string_type body.refresh_token"]);
}

#[tokio::test]
async fn reuse_after_the_grace_revokes_the_family() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let child = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));
    app.clock.advance(Duration::from_secs(10));

    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&child).await.expect(401);
    session.me().await.expect(200);
}

#[tokio::test]
async fn two_concurrent_refreshes_both_succeed_and_continue() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let answers = join_all((0..4).map(|_| app.refresh(&session.refresh_token))).await;
    let children: Vec<_> = answers.into_iter().map(|answer| refresh_token(&answer.expect(200))).collect();
    for child in &children {
        app.refresh(child).await.expect(200);
    }

    assert!(children.iter().all(|child| children.iter().filter(|other| *other == child).count() == 1));
}

#[tokio::test]
async fn reuse_is_theft_once_a_child_was_used() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let one = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));
    let other = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));
    app.refresh(&one).await.expect(200);

    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&other).await.expect(401);
}

#[tokio::test]
async fn without_a_grace_a_token_is_accepted_once() {
    let app = spawn_app_with(|config| config.tokens.reuse_grace = Duration::ZERO).await;
    let session = app.session("ann").await;

    let child = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));

    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&child).await.expect(401);
}

#[tokio::test]
async fn without_a_grace_one_of_many_concurrent_refreshes_succeeds() {
    let app = spawn_app_with(|config| {
        config.tokens.reuse_grace = Duration::ZERO;
        config.server.clock = Clock::system();
    })
    .await;
    app.session("ann").await;
    for _ in 0..16 {
        let token = refresh_token(&app.login("ann", PASSWORD).await.expect(200));
        let answers = join_all((0..8).map(|_| app.refresh(&token))).await;
        let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401, 401]);
    }
}

#[tokio::test]
async fn without_a_grace_a_token_is_accepted_once_with_clock_skew() {
    let mut app = spawn_app_with(|config| config.tokens.reuse_grace = Duration::ZERO).await;
    let behind = app.clock.clone();
    let ahead = Clock::manual();
    ahead.advance(Duration::from_secs(5));
    app.restart_with(|config| config.server.clock = ahead).await;
    let session = app.session("ann").await;
    let child = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));
    app.restart_with(|config| config.server.clock = behind).await;

    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&child).await.expect(401);
}

#[tokio::test]
async fn a_refresh_token_expires() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    app.clock.advance(Duration::from_secs(86_400));
    app.refresh(&session.refresh_token).await.expect(401);
}

#[tokio::test]
async fn a_revoked_family_leaves_other_logins_of_the_user_valid() {
    let app = spawn_app_with(|config| config.tokens.reuse_grace = Duration::ZERO).await;
    let session = app.session("ann").await;
    let other = refresh_token(&app.login("ann", PASSWORD).await.expect(200));
    app.refresh(&session.refresh_token).await.expect(200);

    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&other).await.expect(200);
}
