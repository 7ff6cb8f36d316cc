//! The internal endpoints, for other services alone.

use crate::app::spawn_app;
use crate::database::OldUser;
use shared::clock::Clock;
use shared::ids::UserId;
use shared::service::Service;
use shared_test_kit::token_keys;

#[tokio::test]
async fn a_shared_old_name_belongs_to_the_exact_spelling() {
    let mut app = spawn_app().await;
    let old = |username, folded_name| OldUser { username, folded_name, password: username };
    app.restart_with_old_users(&[old("ＡＮＮ", "ａｎｎ"), old("ＡnＮ", "ａnｎ")]).await;
    let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Auth).unwrap();
    let chat = app.client.with_token(&token);
    let mut found = Vec::new();
    for username in ["ＡＮＮ", "ＡnＮ"] {
        let tokens = app.login(username, username).await.expect(200).json();
        let client = app.client.with_token(tokens["access_token"].as_str().unwrap());
        let id = client.get("/api/v1/auth/me").await.expect(200).json()["user_id"].clone();
        for name in ["ＡＮＮ", "ＡnＮ", "ann"] {
            let path = format!("/internal/users/{}?name={name}", id.as_str().unwrap());
            if chat.get(&path).await.status == 200 {
                found.push((username, name));
            }
        }
    }

    assert_eq!(found, [("ＡＮＮ", "ＡＮＮ"), ("ＡnＮ", "ＡnＮ")]);
}

#[tokio::test]
async fn a_service_learns_the_name_of_a_user() {
    let app = spawn_app().await;
    let session = app.session("Ann").await;
    let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Auth).unwrap();
    let chat = app.client.with_token(&token);
    let user = chat.get(&format!("/internal/users/{}", session.user_id)).await.expect(200).json();
    assert_eq!(user["username"], "Ann");
    chat.get(&format!("/internal/users/{}", UserId::generate())).await.expect(404);

    for (name, status) in [("Ann", 200), ("aNN", 200), ("bob", 404), ("", 404)] {
        chat.get(&format!("/internal/users/{}?name={name}", session.user_id)).await.expect(status);
        chat.get(&format!("/internal/users/{}?name={name}", UserId::generate())).await.expect(404);
    }
    session.client.get(&format!("/internal/users/{}", session.user_id)).await.expect(401);
    app.client.get(&format!("/internal/users/{}", session.user_id)).await.expect(401);
}
