//! Many requests at once.

use crate::app::{spawn_app, text};
use serde_json::{Value, json};
use shared_test_kit::Answer;

async fn all(requests: impl Iterator<Item = impl Future<Output = Answer> + Send + 'static>) -> Vec<Answer> {
    let running: Vec<_> = requests.map(tokio::spawn).collect();
    let mut answers = Vec::new();
    for request in running {
        answers.push(request.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn depths_have_no_gaps() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r"});
    let answers = all((0..40).map(|_| {
        let (client, body) = (chat.client.clone(), body.clone());
        async move { client.post("/api/v1/messages/add-message", &body).await }
    }))
    .await;
    let mut depths: Vec<_> =
        answers.into_iter().map(|answer| answer.expect(201).json()["depth"].as_i64()).collect();
    depths.sort_unstable();
    assert_eq!(depths, (1..=40).map(Some).collect::<Vec<_>>());
    let line = chat.get_line(&chat.id, "&order=asc").await.json();
    for pair in line.as_array().unwrap().windows(2) {
        assert_eq!(pair[1]["parent_response_id"], pair[0]["response_id"]);
    }
}

#[tokio::test]
async fn one_of_many_appends_that_expect_the_same_head_succeeds() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r", "expected_head": null});
    let answers = all((0..16).map(|_| {
        let (client, body) = (chat.client.clone(), body.clone());
        async move { client.post("/api/v1/messages/add-message", &body).await }
    }))
    .await;
    let (made, moved): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), moved.len()), (1, 15));
    for answer in moved {
        assert_eq!(answer.expect(409).json()["head_response_id"], made[0].json()["response_id"]);
    }
}

#[tokio::test]
async fn one_id_is_taken_once() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"],
                      "new_chat_id": crate::app::unknown()});
    let answers = all((0..16).map(|_| {
        let (client, body) = (chat.client.clone(), body.clone());
        async move { client.post("/api/v1/branches/create-branch", &body).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 409).count(), 15);
}

#[tokio::test]
async fn forks_appends_and_a_cascade_leave_no_orphans() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let top = chat.fork(&first["response_id"]).await;
    let mut last = chat.say(&top, "2").await;
    for _ in 0..5 {
        let fork = chat.fork(&last["response_id"]).await;
        last = chat.say(&fork, "x").await;
    }
    let leaf = text(&last["branch_id"]);
    let answers = all((0..60).map(|turn| {
        let (client, top, leaf, chat_id) = (chat.client.clone(), top.clone(), leaf.clone(), chat.id.clone());
        let response = last["response_id"].clone();
        async move {
            let fork = json!({"original_chat_id": chat_id, "branch_from_response_id": response, "activate": turn % 2 == 0});
            let message = json!({"chat_id": leaf, "question": "q", "response": "r"});
            match turn % 3 {
                _ if turn == 30 => client.delete(&format!("/api/v1/branches/delete-branch/{top}?cascade=true")).await,
                0 | 1 => client.post("/api/v1/branches/create-branch", &fork).await,
                _ => client.post("/api/v1/messages/add-message", &message).await,
            }
        }
    }))
    .await;
    for answer in answers {
        assert!(matches!(answer.status.as_u16(), 200 | 201 | 404), "{}", answer.text);
    }
    let tree = chat.tree(&chat.id).await;
    assert_eq!(tree["branches"].as_array().map(Vec::len), Some(1));
    assert_eq!(tree["active_branch_id"], chat.id);
    assert_eq!(chat.line(&chat.id).await, ["1"]);
    assert_eq!(chat.get_message(&first["response_id"]).await.json()["branches"], Value::Array(Vec::new()));
}
