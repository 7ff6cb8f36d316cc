//! What the chat service asks and says, and nobody else may.

use crate::app::{spawn_app, spawn_undoable_app, unknown};
use reqwest::Method;
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
    assert_eq!(app.chat.received_requests().await.unwrap().len(), 0);

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
    let path = format!(
        "/internal/chats/{}/state?owner={}&created_at=2026-01-31T12:00:00Z&state=destroyed&number=1",
        chat.id, chat.user
    );
    chat.client.send(Method::PUT, &path, None).await.expect(401);
    app.client.send(Method::PUT, &path, None).await.expect(401);
}

#[tokio::test]
async fn a_chat_is_in_the_state_that_the_chat_service_wants() {
    let app = spawn_undoable_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let deleted = "state=deleted&purge_at=2100-01-01T00:00:00Z";
    app.put_state(&chat, &format!("{deleted}&number=2")).await.expect(200);
    for number in [1, 2] {
        app.put_state(&chat, &format!("state=alive&number={number}")).await.expect(200);
        chat.get_line(&chat.id, "").await.expect(404);
        chat.get_line(&fork, "").await.expect(404);
        chat.restore_branch(&fork).await.expect(404);
        chat.deleted_branches(&chat.id, "").await.expect(404);
    }
    app.put_state(&chat, "state=alive&number=3").await.expect(200);
    app.put_state(&chat, &format!("{deleted}&number=2")).await.expect(200);
    assert_eq!(chat.line(&fork).await, ["1"]);
    app.put_state(&chat, "state=destroyed&number=4").await.expect(200);
    app.put_state(&chat, "state=alive&number=5").await.expect(200);
    chat.get_line(&chat.id, "").await.expect(404);

    // One that is not known: its trunk is not created meanwhile.
    let unknown = app.chat();
    app.put_state(&unknown, &format!("{deleted}&number=1")).await.expect(200);
    unknown.get_line(&unknown.id, "").await.expect(404);
    app.put_state(&unknown, "state=alive&number=2").await.expect(200);
    assert_eq!(unknown.get_line(&unknown.id, "").await.expect(200).text, "[]");
}

#[tokio::test]
async fn a_wrong_state_is_a_422() {
    let app = spawn_app().await;
    let chat = app.chat();
    let errors = async |query: &str| app.put_state(&chat, query).await.expect(422).field_errors();
    assert_eq!(errors("state=gone&number=x").await, ["enum query.state", "int_parsing query.number"]);
    assert_eq!(errors("state=deleted&number=1").await, ["missing query.purge_at"]);
    let wrong = errors("state=deleted&number=1&purge_at=soon").await;
    assert_eq!(wrong, ["datetime_parsing query.purge_at"]);
}
