//! `POST /auth/logout`

use crate::app::{refresh_token, spawn_app};

#[tokio::test]
async fn the_whole_family_is_revoked() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let child = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));
    let answer = session.logout(&session.refresh_token).await.expect(200);
    assert!(answer.json()["msg"].is_string());
    app.refresh(&child).await.expect(401);
    session.me().await.expect(200);
}

#[tokio::test]
async fn an_unknown_or_another_users_token_is_left_alone() {
    let app = spawn_app().await;
    let ann = app.session("ann").await;
    let bob = app.session("bob").await;
    ann.logout("unknown").await.expect(200);
    ann.logout(&bob.refresh_token).await.expect(200);
    app.refresh(&bob.refresh_token).await.expect(200);
}
