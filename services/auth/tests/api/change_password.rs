//! `PUT /auth/change-password`

use crate::app::{PASSWORD, refresh_token, spawn_app};

#[tokio::test]
async fn a_change_accepts_the_new_password_and_revokes_refresh_tokens() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    let elsewhere = refresh_token(&app.login("ann", PASSWORD).await.expect(200));

    let answer = session.change_password(PASSWORD, "another horse").await.expect(200);

    assert!(answer.json()["msg"].is_string());
    app.refresh(&session.refresh_token).await.expect(401);
    app.refresh(&elsewhere).await.expect(401);
    app.login("ann", PASSWORD).await.expect(401);
    app.login("ann", "another horse").await.expect(200);
}

#[tokio::test]
async fn validation_errors_422_come_before_a_wrong_password_403() {
    let app = spawn_app().await;
    let session = app.session("ann").await;
    assert_eq!(
        session.change_password("wrong horse", "another horse").await.expect(403).code(),
        "wrong_password"
    );

    let answer = session.change_password("wrong horse", "short").await.expect(422);
    assert_eq!(answer.field_errors(), ["string_too_short body.new_password"]);
    app.refresh(&session.refresh_token).await.expect(200);
    app.login("ann", PASSWORD).await.expect(200);
}
