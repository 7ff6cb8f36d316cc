//! `Idempotency-Key` through the gateway, on routes where it counts.

use crate::app::{User, spawn_stack, text};
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared_test_kit::Answer;

async fn keyed(user: &User, key: &str, path: &str, body: &Value) -> Answer {
    user.client.with_header("idempotency-key", key).post(&format!("/api/v1{path}"), body).await
}

async fn routes(user: &User) -> Vec<(&'static str, Value, &'static str)> {
    let chat = user.chat("Trees").await;
    let message = user.say(&chat, "one").await;
    vec![
        ("/chats/create-chat", json!({"name": "keyed"}), "chat_id"),
        ("/chats/fork-chat", json!({"chat_id": chat, "name": "keyed"}), "chat_id"),
        ("/conversations/", json!({"chat_id": chat, "name": "keyed"}), "id"),
        ("/messages/add-message", json!({"chat_id": chat, "question": "q", "response": "r"}), "response_id"),
        (
            "/branches/create-branch",
            json!({"original_chat_id": chat, "branch_from_response_id": message["response_id"]}),
            "branch_id",
        ),
        (
            "/answers/create-answer",
            json!({"chat_id": chat, "question": "q", "on_running": "fork"}),
            "response_id",
        ),
        ("/answers/regenerate-answer", json!({"response_id": message["response_id"]}), "response_id"),
    ]
}

#[tokio::test]
async fn requests_with_the_same_key_create_one_object() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    for (path, body, id) in routes(&ann).await {
        let answers = join_all((0..16).map(|_| keyed(&ann, "a key", path, &body))).await;
        let replayed =
            answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
        assert_eq!(replayed, 15, "{path}");
        let first = answers[0].json()[id].clone();
        for answer in answers {
            assert_eq!(answer.expect(201).json()[id], first, "{path}");
        }
        // With a slash at the end it is the same route.
        let slash =
            if path.ends_with('/') { path.trim_end_matches('/').to_owned() } else { format!("{path}/") };
        assert_eq!(keyed(&ann, "a key", &slash, &body).await.expect(201).json()[id], first);
    }
}

#[tokio::test]
async fn a_key_is_bound_to_its_body_its_user_and_its_route() {
    let stack = spawn_stack().await;
    let (ann, bob) = (stack.user("ann").await, stack.user("bob").await);
    for (path, body, id) in routes(&ann).await {
        let first = keyed(&ann, "k", path, &body).await.expect(201).json();
        let mut other = body.clone();
        other["unknown"] = json!(1);
        let answer = keyed(&ann, "k", path, &other).await.expect(422);
        assert_eq!(answer.code(), "idempotency_key_reused");
        assert!(answer.json()["detail"].is_array());
        assert_ne!(keyed(&ann, "l", path, &body).await.expect(201).json()[id], first[id]);
    }
    let body = json!({"name": "keyed"});
    let answer = keyed(&bob, "k", "/chats/create-chat", &body).await.expect(201);
    assert_eq!(answer.header("idempotency-replayed"), "");
}

#[tokio::test]
async fn a_key_has_1_to_255_characters_and_a_failed_request_leaves_it_free() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    for (path, body, _) in routes(&ann).await {
        keyed(&ann, "", path, &body).await.expect(422);
        keyed(&ann, &"k".repeat(256), path, &body).await.expect(422);
        let long = "k".repeat(255);
        keyed(&ann, &long, path, &json!({"name": 7})).await.expect(422);
        keyed(&ann, &long, path, &body).await.expect(201);
    }
}

#[tokio::test]
async fn the_key_of_a_deleted_object_is_a_404_for_a_day() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let body = json!({"name": "keyed"});
    let chat = keyed(&ann, "k", "/chats/create-chat", &body).await.expect(201).json();
    let chat = text(&chat["chat_id"]).to_owned();
    let message = json!({"chat_id": chat, "question": "q", "response": "r"});
    let sent = keyed(&ann, "k", "/messages/add-message", &message).await.expect(201).json();
    let fork = json!({"original_chat_id": chat, "branch_from_response_id": sent["response_id"]});
    let branch = keyed(&ann, "k", "/branches/create-branch", &fork).await.expect(201).json();
    let record = json!({"chat_id": chat});
    let id = keyed(&ann, "k", "/conversations/", &record).await.expect(201).json();

    ann.delete(&format!("/branches/delete-branch/{}", text(&branch["branch_id"]))).await.expect(200);
    keyed(&ann, "k", "/branches/create-branch", &fork).await.expect(404);
    let mut again = fork.clone();
    again["new_chat_id"] = branch["branch_id"].clone();
    ann.post("/branches/create-branch", &again).await.expect(409);
    ann.delete(&format!("/conversations/{}", text(&id["id"]))).await.expect(200);
    keyed(&ann, "k", "/conversations/", &record).await.expect(404);
    ann.delete(&format!("/chats/delete-chat/{chat}")).await.expect(200);
    keyed(&ann, "k", "/chats/create-chat", &body).await.expect(404);
    keyed(&ann, "k", "/messages/add-message", &message).await.expect(404);
    keyed(&ann, "k", "/chats/create-chat", &json!({"name": "other"})).await.expect(422);
}
