//! Forks of chats: what the chat service asks for, and what clients read then.

use crate::app::{Chat, TestApp, spawn_app, unknown};
use serde_json::{Value, json};
use shared::clock::Timestamp;
use shared::ids::UserId;

/// A chat that the chat service has forked from another at a response.
async fn fork_chat(app: &TestApp, source: &Chat, response: &Value) -> Chat {
    let fork = app.chat_of(source.user);
    let body = body(source, source.user, response);
    let path = format!("/internal/chats/{}/fork", fork.id);
    for _ in 0..2 {
        app.as_chat_service().put(&path, &body).await.expect(200);
    }
    fork
}

fn body(source: &Chat, owner: UserId, response: &Value) -> Value {
    let created_at = Timestamp::from_micros(1_000_000).unwrap();
    json!({"owner": owner, "created_at": created_at, "source_chat_id": source.id, "response_id": response})
}

#[tokio::test]
async fn the_chat_service_learns_from_where_a_chat_forks() {
    let app = spawn_app().await;
    let (chat, service) = (app.chat(), app.as_chat_service());
    let get = async |id: &str, query: &str| {
        service.get(&format!("/internal/chats/{id}/fork-point?owner={}{query}", chat.user)).await
    };
    // Nothing is said yet: the chat service is asked whether there is such a chat.
    let empty = json!({"chat_id": chat.id, "response_id": null});
    assert_eq!(get(&chat.id, "").await.expect(200).json(), empty);
    let first = chat.say(&chat.id, "1").await;
    let branch = chat.fork(&first["response_id"]).await;
    let second = chat.say(&branch, "2").await;
    let point = |message: &Value| json!({"chat_id": chat.id, "response_id": message["response_id"]});
    assert_eq!(get(&chat.id, "").await.expect(200).json(), point(&first));
    assert_eq!(get(&branch, "").await.expect(200).json(), point(&second));
    assert_eq!(get(&chat.id, &format!("&branch_id={branch}")).await.expect(200).json(), point(&second));
    let named = format!("&response_id={}", second["response_id"].as_str().unwrap());
    assert_eq!(get(&chat.id, &named).await.expect(200).json(), point(&second));
    for (id, query, detail) in [
        (&unknown(), String::new(), "Chat not found"),
        (&chat.id, format!("&branch_id={}", unknown()), "Branch not found"),
        (&chat.id, format!("&response_id={}", unknown()), "Message not found"),
        (&chat.id, format!("&branch_id={}{named}", chat.id), "Message not found"),
    ] {
        assert_eq!(get(id, &query).await.expect(404).json()["detail"], detail);
    }
}

#[tokio::test]
async fn a_forked_chat_is_read_and_branched_like_any_other() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    chat.say(&chat.id, "3").await;
    let fork = fork_chat(&app, &chat, &second["response_id"]).await;
    assert_eq!(fork.line(&fork.id).await, ["1", "2"]);
    let read = async |chat_id: &str, message: &Value| {
        let id = message["response_id"].as_str().unwrap();
        chat.client.get(&format!("/api/v1/messages/get-message/{id}?chat_id={chat_id}")).await
    };
    let inherited = read(&fork.id, &first).await.expect(200).json();
    assert_eq!((&inherited["chat_id"], &inherited["inherited"]), (&json!(chat.id), &json!(true)));
    let said = fork.say(&fork.id, "4").await;
    assert_eq!(read(&chat.id, &said).await.expect(404).code(), "message_not_found");
    assert_eq!(read(&unknown(), &first).await.expect(404).code(), "chat_not_found");
    let edit = json!({"response_id": first["response_id"], "chat_id": fork.id, "response": "again"});
    let edited = chat.client.post("/api/v1/messages/edit-message", &edit).await.expect(201).json();
    assert_eq!((&edited["chat_id"], &edited["version"]), (&json!(fork.id), &json!(2)));
    assert_eq!(read(&fork.id, &first).await.json()["version_count"], 2);
    assert_eq!(read(&chat.id, &first).await.json()["version_count"], 1);
    let id = first["response_id"].as_str().unwrap();
    let versions = async |chat_id: &str| {
        let path = format!("/api/v1/messages/get-versions?response_id={id}&chat_id={chat_id}");
        chat.client.get(&path).await.expect(200).json()
    };
    assert_eq!(versions(&fork.id).await.as_array().unwrap().len(), 2);
    assert_eq!(versions(&fork.id).await[0]["open_branch_id"], fork.id);
    assert_eq!(versions(&chat.id).await.as_array().unwrap().len(), 1);
    app.delete_chat(&chat).await.expect(200);
    assert_eq!(fork.line(&fork.id).await, ["1", "2", "4"]);
    let alone = chat.get_message(&second["response_id"]).await.expect(200).json();
    assert_eq!((&alone["version_count"], &alone["branches"]), (&json!(1), &json!([])));
    let edit = json!({"response_id": second["response_id"], "response": "again"});
    let refused = chat.client.post("/api/v1/messages/edit-message", &edit).await;
    assert_eq!(refused.expect(404).code(), "message_not_found");
}

#[tokio::test]
async fn nothing_of_others_is_forked_or_counted() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    chat.fork(&first["response_id"]).await;
    stranger.say(&stranger.id, "1").await;
    let service = app.as_chat_service();
    let (path, new) = (|id: &str| format!("/internal/chats/{id}/fork"), app.chat_of(stranger.user));
    let of_stranger = body(&chat, stranger.user, &first["response_id"]);
    assert_eq!(
        service.put(&path(&new.id), &of_stranger).await.expect(404).json()["detail"],
        "Chat not found"
    );
    let foreign = body(&stranger, stranger.user, &first["response_id"]);
    assert_eq!(service.put(&path(&new.id), &foreign).await.expect(404).json()["detail"], "Message not found");
    let point = format!("/internal/chats/{}/fork-point?owner={}", chat.id, stranger.user);
    service.get(&point).await.expect(404);
    let counts = json!({"owner": chat.user, "chat_ids": [chat.id, stranger.id, unknown()]});
    let counts = service.put("/internal/branch-counts", &counts).await.expect(200).json();
    assert_eq!(counts, json!({"branch_counts": {chat.id.as_str(): 2}}));
    for (method, path) in
        [("GET", &point), ("PUT", &path(&new.id)), ("PUT", &"/internal/branch-counts".to_owned())]
    {
        let method = method.parse().unwrap();
        chat.client.send(method, path, Some(foreign.to_string())).await.expect(401);
    }
}
