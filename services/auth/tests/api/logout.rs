//! `POST /auth/logout`

use crate::app::{refresh_token, spawn_app};

#[tokio::test]
async fn a_logout_revokes_the_whole_family() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let child = refresh_token(&app.refresh(&session.refresh_token).await.expect(200));

    let answer = session.logout(&session.refresh_token).await.expect(200);

    assert!(answer.json()["msg"].is_string());
    app.refresh(&child).await.expect(401);
    session.me().await.expect(200);
}

#[tokio::test]
async fn a_logout_with_an_unknown_or_another_users_token_changes_nothing() {
    let app = spawn_app().await;
    let ann = app.session("ann").await;
    let bob = app.session("bob").await;
    ann.logout("unknown").await.expect(200);
    ann.logout(&bob.refresh_token).await.expect(200);
    app.refresh(&bob.refresh_token).await.expect(200);
}
