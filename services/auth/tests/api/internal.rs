//! What other services ask, and nobody else may.

use crate::app::spawn_app;
use shared::clock::Clock;
use shared::identity::Service;
use shared::ids::UserId;
use shared::test_kit::token_keys;

#[tokio::test]
async fn a_service_learns_the_name_of_a_user() {
    let app = spawn_app().await;
    let session = app.session("Ann").await;
    let token = token_keys(&Clock::system()).issue_for_service(Service::Chat, Service::Auth).unwrap();
    let chat = app.client.with_token(&token);
    let user = chat.get(&format!("/internal/users/{}", session.user_id)).await.expect(200).json();
    assert_eq!(user["username"], "Ann");
    chat.get(&format!("/internal/users/{}", UserId::generate())).await.expect(404);
    session.client.get(&format!("/internal/users/{}", session.user_id)).await.expect(401);
    app.client.get(&format!("/internal/users/{}", session.user_id)).await.expect(401);
}
