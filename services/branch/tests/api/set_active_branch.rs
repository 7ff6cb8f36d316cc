use crate::app::{spawn_app, unknown};
use serde_json::json;

#[tokio::test]
async fn a_chat_is_switched_by_its_id_or_that_of_any_branch() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let (one, two) = (chat.fork(&first["response_id"]).await, chat.fork(&first["response_id"]).await);
    let answer = chat.activate(&chat.id, &one).await.expect(200).json();
    assert_eq!((&answer["chat_id"], &answer["active_branch_id"]), (&json!(chat.id), &json!(one)));
    assert!(answer["msg"].is_string());
    let answer = chat.activate(&one, &two).await.expect(200).json();
    assert_eq!((&answer["chat_id"], &answer["active_branch_id"]), (&json!(chat.id), &json!(two)));
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], two);
    chat.activate(&two, &chat.id).await.expect(200);
    assert_eq!(chat.say(&chat.id, "2").await["branch_id"], chat.id);
}

#[tokio::test]
async fn a_branch_of_another_chat_is_not_found() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let other = app.chat_of(chat.user);
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    other.say(&other.id, "1").await;
    for branch in [&other.id, &unknown()] {
        assert_eq!(chat.activate(&chat.id, branch).await.expect(404).code(), "branch_not_found");
    }
    assert_eq!(stranger.activate(&chat.id, &fork).await.expect(404).code(), "chat_not_found");
    assert_eq!(stranger.activate(&stranger.id, &fork).await.expect(404).code(), "branch_not_found");
    chat.delete_branch(&fork, "").await.expect(200);
    chat.activate(&chat.id, &fork).await.expect(404);
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], chat.id);
    let wrong =
        chat.client.put("/api/v1/branches/set-active-branch", &json!({"chat_id": "x"})).await.expect(422);
    assert_eq!(wrong.field_errors(), ["uuid_parsing body.chat_id", "missing body.branch_id"]);
}
