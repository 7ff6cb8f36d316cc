//! `POST /answers/regenerate-answer`

use crate::app::{ANSWERS, chat, endless, eventually, spawn_app, text};
use serde_json::json;
use shared::ids::ResponseId;

#[tokio::test]
async fn a_question_is_answered_again_under_the_same_parent() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let parent = app.branch_service.add_message(&chat, "a", "b");
    let first = ann.ask(&chat, "one").await;
    ann.stored(&first).await;
    let path = format!("{ANSWERS}/regenerate-answer");

    let again = ann.client.post(&path, &json!({"response_id": first})).await.expect(201).json();

    let second = ann.stored(text(&again["response_id"])).await;
    assert_eq!((&second["question"], &second["parent_response_id"]), (&json!("one"), &json!(parent)));
    assert_ne!(second["message"]["branch_id"], chat);
    assert_eq!(second["message"]["depth"], 2);
    // Several at once, also beside an answer at the head.
    ann.ask(&chat, &endless()).await;
    for _ in 0..2 {
        ann.client.post(&path, &json!({"response_id": first})).await.expect(201);
    }
}

#[tokio::test]
async fn an_answer_that_is_under_way_is_not_regenerated() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let first = ann.ask(&chat, &endless()).await;
    let path = format!("{ANSWERS}/regenerate-answer");
    let refused = ann.client.post(&path, &json!({"response_id": first})).await.expect(409);
    assert_eq!((refused.code().as_str(), &refused.json()["response_id"]), ("answer_running", &json!(first)));
    let unknown = json!({"response_id": ResponseId::generate()});
    assert_eq!(ann.client.post(&path, &unknown).await.expect(404).code(), "message_not_found");
}

#[tokio::test]
async fn an_answer_is_regenerated_once_it_is_a_message_though_its_replica_does_not_know() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    app.branch_service.hold(Some("answers"));
    let first = ann.ask(&chat, "a").await;
    eventually("it is a message", async || app.branch_service.is_holding()).await;

    let body = json!({"response_id": first});
    let second = ann.client.post(&format!("{ANSWERS}/regenerate-answer"), &body).await.expect(201).json();

    assert_eq!(second["question"], "a");
}

#[tokio::test]
async fn a_version_goes_to_the_chat_in_which_the_message_is_read() {
    let (app, chat, fork) = (spawn_app().await, chat(), chat());
    let ann = app.user();
    let parent = app.branch_service.add_message(&chat, "a", "b");
    let first = ann.ask(&chat, "one").await;
    ann.stored(&first).await;
    let path = format!("{ANSWERS}/regenerate-answer");
    let regenerate =
        async |chat: &str| ann.client.post(&path, &json!({"response_id": first, "chat_id": chat})).await;

    let own = regenerate(&chat).await.expect(201).json();
    let forked = regenerate(&fork).await.expect(201).json();

    for (answer, chat) in [(&own, &chat), (&forked, &fork)] {
        assert_eq!((&answer["chat_id"], &answer["branch_id"]), (&json!(chat), &json!(chat)));
        assert_eq!((&answer["parent_response_id"], &answer["question"]), (&json!(parent), &json!("one")));
        assert_eq!(ann.stored(text(&answer["response_id"])).await["message"]["chat_id"], **chat);
    }
    // The source may be gone, but not the chat in which it is read.
    app.branch_service.delete(&chat);
    regenerate(&fork).await.expect(201);
    assert_eq!(regenerate(&chat).await.expect(404).code(), "chat_not_found");
    let unnamed = ann.client.post(&path, &json!({"response_id": first})).await.expect(404);
    assert_eq!(unnamed.code(), "message_not_found");
}
