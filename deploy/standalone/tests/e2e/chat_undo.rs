//! Deleted chats come back with their trees, and are gone after a permanent deletion.

use crate::app::{spawn_stack, text};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_restored_chat_has_its_tree_again() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let message = ann.say(&chat, "one").await;
    let (kept, deleted) =
        (ann.fork(&chat, &message["response_id"]).await, ann.fork(&chat, &message["response_id"]).await);
    ann.delete(&format!("/branches/delete-branch/{deleted}")).await.expect(200);
    let record = ann.post("/conversations/", &json!({"chat_id": chat})).await.expect(201).json();
    let tree = format!("/branches/get-branches?chat_id={chat}");
    let before = ann.get(&tree).await.expect(200).json();
    ann.delete(&format!("/chats/delete-chat/{chat}")).await.expect(200);
    let response = format!("/messages/get-message/{}", text(&message["response_id"]));
    for path in [&tree, &response, &format!("/messages/get-messages?chat_id={kept}")] {
        ann.get(path).await.expect(404);
    }
    let path = format!("/api/v1/chats/restore-chat/{chat}");

    ann.client.send(Method::POST, &path, None).await.expect(200);

    assert_eq!(ann.get(&tree).await.expect(200).json(), before);
    assert_eq!(ann.line(&format!("chat_id={kept}")).await.len(), 1);
    ann.get(&response).await.expect(200);
    ann.delete(&format!("/conversations/{}", text(&record["id"]))).await.expect(200);
    ann.delete(&format!("/chats/delete-chat/{chat}?permanent=true")).await.expect(200);
    for path in [&tree, &response] {
        ann.get(path).await.expect(404);
    }
    ann.client.send(Method::POST, &path, None).await.expect(404);
}
