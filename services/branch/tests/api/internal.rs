//! What the chat service asks and says, and nobody else may.

use crate::app::{spawn_app, unknown};
use shared::ids::UserId;

#[tokio::test]
async fn the_chat_service_learns_the_active_branch() {
    let app = spawn_app().await;
    let chat = app.chat();
    let service = app.as_chat_service();
    let path = |query: &str| format!("/internal/chats/{}/branch?owner={}{query}", chat.id, chat.user);
    let branch = async |query: &str| service.get(&path(query)).await;

    // Nothing was written yet, and nobody is asked back.
    assert_eq!(branch("").await.expect(200).json()["branch_id"], chat.id);
    assert_eq!(branch(&format!("&branch_id={}", chat.id)).await.expect(200).json()["branch_id"], chat.id);
    branch(&format!("&branch_id={}", unknown())).await.expect(404);
    assert_eq!(app.count_lookups().await, 0);

    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    assert_eq!(branch("").await.json()["branch_id"], chat.id);
    chat.activate(&chat.id, &fork).await.expect(200);
    assert_eq!(branch("").await.json()["branch_id"], fork);
    assert_eq!(branch(&format!("&branch_id={fork}")).await.json()["branch_id"], fork);
    let other = app.chat_of(chat.user);
    other.say(&other.id, "1").await;
    for named in [&other.id, &unknown()] {
        branch(&format!("&branch_id={named}")).await.expect(404);
    }
    // A branch's id is no chat's, and another's chat is not there.
    service.get(&format!("/internal/chats/{fork}/branch?owner={}", chat.user)).await.expect(404);
    service
        .get(&format!("/internal/chats/{}/branch?owner={}", chat.id, UserId::generate()))
        .await
        .expect(404);
    service.get(&format!("/internal/chats/{}/branch", chat.id)).await.expect(422);
    app.delete_chat(&chat).await.expect(200);
    branch("").await.expect(404);
}

#[tokio::test]
async fn a_deleted_chat_is_gone_at_once_and_for_good() {
    let app = spawn_app().await;
    let (chat, untouched) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let second = chat.say(&fork, "2").await;
    let body = |id: &str| serde_json::json!({"chat_id": id, "question": "q", "response": "r"});
    for chat in [&chat, &untouched] {
        app.delete_chat(chat).await.expect(200);
        app.delete_chat(chat).await.expect(200);
        chat.post_message(&body(&chat.id)).await.expect(404);
        chat.get_line(&chat.id, "").await.expect(404);
    }
    chat.get_message(&first["response_id"]).await.expect(404);
    chat.get_message(&second["response_id"]).await.expect(404);
    chat.get_line(&fork, "").await.expect(404);
    chat.post_message(&body(&fork)).await.expect(404);
    chat.rename(&fork, &serde_json::json!({"name": "x"})).await.expect(404);
    chat.delete_branch(&fork, "").await.expect(404);
    assert_eq!(chat.client.get("/api/v1/messages/all-messages").await.expect(200).text, "[]");
}

#[tokio::test]
async fn a_deletion_affects_only_chats_of_their_owner() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let service = app.as_chat_service();
    service.delete(&format!("/internal/chats/{}?owner={}", chat.id, UserId::generate())).await.expect(200);
    service.delete(&format!("/internal/chats/{fork}?owner={}", chat.user)).await.expect(200);
    assert_eq!(chat.line(&fork).await, ["1"]);
}

#[tokio::test]
async fn users_cannot_call_internal_endpoints() {
    let app = spawn_app().await;
    let chat = app.chat();
    let path = format!("/internal/chats/{}?owner={}", chat.id, chat.user);
    chat.client.delete(&path).await.expect(401);
    app.client.delete(&path).await.expect(401);
    app.as_chat_service().get("/api/v1/messages/all-messages").await.expect(401);
}
