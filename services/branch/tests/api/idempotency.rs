//! `Idempotency-Key` on add-message, edit-message and create-branch.

use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};

const REPLAYED: &str = "idempotency-replayed";
const ADD: &str = "/api/v1/messages/add-message";
const PICK: &str = "/api/v1/branches/cherry-pick";
const EDIT: &str = "/api/v1/messages/edit-message";
const CREATE: &str = "/api/v1/branches/create-branch";

#[tokio::test]
async fn a_key_creates_a_message_once_and_replays_its_present_state() {
    let app = spawn_app().await;
    let chat = app.chat();
    let client = chat.client.with_header("idempotency-key", "k");
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r", "expected_head": null});
    let first = client.post(ADD, &body).await.expect(201);
    assert_eq!(first.header(REPLAYED), "");
    // The head has moved, and yet this is a repetition.
    let again = client.post(ADD, &body).await.expect(201);
    assert_eq!((again.header(REPLAYED), again.json()), ("true", first.json()));
    let fork = chat.fork(&first.json()["response_id"]).await;
    assert_eq!(client.post(ADD, &body).await.json()["branches"], json!([fork]));
    assert_eq!(chat.line(&chat.id).await.len(), 1);

    let other = json!({"chat_id": chat.id, "question": "other", "response": "r"});
    let reused = client.post(ADD, &other).await.expect(422);
    assert_eq!(
        (reused.code().as_str(), reused.json()["detail"].is_array()),
        ("idempotency_key_reused", true)
    );
    // The same key of another user, or on another route, is another key.
    let stranger = app.chat();
    let body = json!({"chat_id": stranger.id, "question": "q", "response": "r"});
    let theirs = stranger.client.with_header("idempotency-key", "k").post(ADD, &body).await.expect(201);
    assert_eq!(theirs.header(REPLAYED), "");
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": null});
    assert_eq!(client.post(CREATE, &body).await.expect(201).header(REPLAYED), "");
}

#[tokio::test]
async fn a_key_creates_a_branch_once_and_replays_its_present_state() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let client = chat.client.with_header("idempotency-key", "k");
    let id = unknown();
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"],
                      "new_chat_id": id, "activate": true});
    let made = client.post(CREATE, &body).await.expect(201).json();
    assert_eq!((&made["branch_id"], &made["active"]), (&json!(id), &json!(true)));
    chat.rename(&id, &json!({"name": "now"})).await.expect(200);
    chat.activate(&chat.id, &chat.id).await.expect(200);
    let again = client.post(CREATE, &body).await.expect(201);
    assert_eq!(again.header(REPLAYED), "true");
    assert_eq!((&again.json()["name"], &again.json()["active"]), (&json!("now"), &json!(false)));
    assert_eq!(again.json()["chat_id"], id);
}

#[tokio::test]
async fn a_key_creates_a_version_once_and_replays_its_present_state() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let client = chat.client.with_header("idempotency-key", "k");
    let body = json!({"response_id": first["response_id"], "response": "again"});
    let made = client.post(EDIT, &body).await.expect(201);
    assert_eq!(made.header(REPLAYED), "");
    let branch = text(&made.json()["branch_id"]);
    let fork = chat.fork(&made.json()["response_id"]).await;
    let again = client.post(EDIT, &body).await.expect(201);
    assert_eq!((again.header(REPLAYED), &again.json()["branches"]), ("true", &json!([fork])));
    assert_eq!(again.json()["branch_id"], branch);
    let other = json!({"response_id": first["response_id"], "response": "other"});
    assert_eq!(client.post(EDIT, &other).await.expect(422).code(), "idempotency_key_reused");
    // The key of another route is another one.
    let append = json!({"chat_id": chat.id, "question": "q", "response": "r"});
    assert_eq!(client.post(ADD, &append).await.expect(201).header(REPLAYED), "");
    chat.delete_branch(&branch, "?cascade=true").await.expect(200);
    client.post(EDIT, &body).await.expect(404);
}

#[tokio::test]
async fn a_key_copies_messages_once_and_replays_their_present_state() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let client = chat.client.with_header("idempotency-key", "k");
    let ids = [&first["response_id"], &first["response_id"]];
    let body = json!({"response_ids": ids, "onto_branch_id": chat.id});
    let made = client.post(PICK, &body).await.expect(201);
    assert_eq!(made.header(REPLAYED), "");
    let branch = text(&made.json()["branch"]["branch_id"]);
    let head = chat.say(&branch, "2").await;
    let again = client.post(PICK, &body).await.expect(201);
    assert_eq!((again.header(REPLAYED), &again.json()["messages"]), ("true", &made.json()["messages"]));
    assert_eq!(again.json()["branch"]["head_response_id"], head["response_id"]);
    let other = json!({"response_ids": [first["response_id"]], "onto_branch_id": chat.id});
    assert_eq!(client.post(PICK, &other).await.expect(422).code(), "idempotency_key_reused");
    chat.delete_branch(&branch, "").await.expect(200);
    client.post(PICK, &body).await.expect(404);
}

#[tokio::test]
async fn a_key_is_free_after_a_failure_and_answers_404_after_a_deletion() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let client = chat.client.with_header("idempotency-key", "k");
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r", "expected_head": null});
    client.post(ADD, &body).await.expect(409);
    let fork = chat.fork(&first["response_id"]).await;
    let body = json!({"chat_id": fork, "question": "q", "response": "r"});
    client.post(ADD, &body).await.expect(201);
    let branch = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"]});
    let made = client.post(CREATE, &branch).await.expect(201).json();

    chat.delete_branch(&fork, "").await.expect(200);
    chat.delete_branch(&text(&made["branch_id"]), "").await.expect(200);
    // Before and after what was deleted is cleared away.
    for _ in 0..2 {
        client.post(ADD, &body).await.expect(404);
        client.post(CREATE, &branch).await.expect(404);
        let other = json!({"chat_id": chat.id, "question": "other", "response": "r"});
        client.post(ADD, &other).await.expect(422);
        crate::sweep::sweep(&app.store().await).await;
    }
}

#[tokio::test]
async fn an_empty_or_a_long_key_is_refused() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r"});
    for key in ["", &"x".repeat(256)] {
        chat.client.with_header("idempotency-key", key).post(ADD, &body).await.expect(422);
    }
    chat.client.with_header("idempotency-key", &"x".repeat(255)).post(ADD, &body).await.expect(201);
}

#[tokio::test]
async fn one_of_many_concurrent_equal_requests_creates() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let client = chat.client.with_header("idempotency-key", "k");
    let message =
        json!({"chat_id": chat.id, "question": "q", "response": "r", "expected_head": first["response_id"]});
    let branch = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"],
                        "new_chat_id": unknown()});
    let edit = json!({"response_id": first["response_id"], "response": "again"});
    for (path, body, id) in
        [(ADD, message, "response_id"), (EDIT, edit, "response_id"), (CREATE, branch, "branch_id")]
    {
        let requests = (0..16).map(|_| {
            let (client, body) = (client.clone(), body.clone());
            tokio::spawn(async move { client.post(path, &body).await })
        });
        let mut ids: Vec<Value> = Vec::new();
        let mut created = 0;
        for request in requests.collect::<Vec<_>>() {
            let answer = request.await.unwrap().expect(201);
            created += usize::from(answer.header(REPLAYED).is_empty());
            ids.push(answer.json()[id].clone());
        }
        ids.dedup();
        assert_eq!((created, ids.len()), (1, 1), "{path}");
    }
    assert_eq!(chat.line(&chat.id).await.len(), 2);
}
