//! The internal endpoints, for other services alone.

use crate::app::{DAY, spawn_app};
use serde_json::json;
use shared::ids::ChatId;
use shared::service::Service;
use shared_test_kit::token_keys;

#[tokio::test]
async fn a_service_gets_the_owner_of_a_chat() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let created_at = ann.get_chat(&id).await.json()["created_at"].clone();
    let path = format!("/internal/chats/{id}");
    let branch = app.service(Service::Branch);

    let known = branch.get(&path).await.expect(200).json();

    let expected = json!({
        "chat_id": id, "account_id": ann.id, "created_at": created_at, "deleted": false, "purge_at": null, "settings": null,
        "state_number": 0,
    });
    assert_eq!(known, expected);
    branch.get(&format!("/internal/chats/{}", ChatId::generate())).await.expect(404);
    branch.get("/internal/chats/x").await.expect(422);
    ann.delete_chat(&id).await.expect(200);
    let known = branch.get(&path).await.expect(200).json();
    let purge_at = json!(app.clock.now().plus(DAY));
    assert_eq!(
        (&known["deleted"], &known["purge_at"], &known["state_number"]),
        (&json!(true), &purge_at, &json!(1))
    );
}

#[tokio::test]
async fn only_services_can_call_internal_endpoints() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let keys = token_keys(&app.clock);
    let for_another = keys.issue_for_service(Service::Chat, Service::Branch).unwrap();
    for client in [&ann.client, &app.client, &app.client.with_token(&for_another)] {
        client.get(&format!("/internal/chats/{id}")).await.expect(401);
        client.delete(&format!("/internal/accounts/{}", ann.id)).await.expect(401);
    }
    let of_a_service = app.service(Service::Branch);

    of_a_service.get(&format!("/api/v1/chats/get-chat/{id}")).await.expect(401);
    ann.get_chat(&id).await.expect(200);
}
