//! `POST /answers/create-answer` and `GET /answers/get-answer/{response_id}`

use crate::app::{chat, endless, eventually, spawn_app, text};
use crate::events::{events, text_of};
use serde_json::json;

#[tokio::test]
async fn a_question_is_answered_and_becomes_a_message() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();

    let created = ann
        .create(&json!({"chat_id": chat, "question": "[[delay:50]] one two three"}))
        .await
        .expect(201)
        .json();

    // Depending on how soon it is claimed.
    assert!(created["status"] == "queued" || created["status"] == "in_progress", "{created}");
    assert_eq!(
        (&created["question"], &created["message"]),
        (&json!("[[delay:50]] one two three"), &json!(null))
    );
    let id = text(&created["response_id"]);
    let answer = ann.stored(id).await;
    assert_eq!((text(&answer["status"]), text(&answer["text"])), ("completed", "one two three"));
    assert_eq!((text(&answer["finish_reason"]), &answer["usage"]["output_tokens"]), ("stop", &json!(3)));
    assert_eq!(answer["message"]["response_id"], id);
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((&message["response"], &message["depth"]), (&json!("one two three"), &json!(1)));
    let generation = &message["generation"];
    assert_eq!((&generation["model"], &generation["status"]), (&json!("banyan/echo"), &json!("completed")));
    assert_eq!((&generation["dropped_messages"], &generation["summary_of"]), (&json!(0), &json!(null)));
    assert!(generation["duration_ms"].is_i64() && generation["first_token_ms"].is_i64(), "{generation}");
}

#[tokio::test]
async fn a_model_is_not_asked_without_the_line() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    app.branch_service.add_message(&chat, "one", "two");
    app.branch_service.miss_pages(1);
    let id = ann.ask(&chat, "three").await;
    let answer = ann.stored(&id).await;
    let generation = &answer["message"]["generation"];
    assert_eq!((&generation["dropped_messages"], &answer["usage"]["input_tokens"]), (&json!(0), &json!(3)));
}

#[tokio::test]
async fn the_next_question_goes_to_the_end_of_the_line() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let first = ann.ask(&chat, "one").await;
    ann.stored(&first).await;

    let second = ann.ask(&chat, "two").await;

    assert_eq!(ann.stored(&second).await["parent_response_id"], first);
    assert_eq!(app.branch_service.reads(), 1, "the line is read for the context");
}

#[tokio::test]
async fn with_accept_the_response_is_the_stream_of_events() {
    let (app, chat) = (spawn_app().await, chat());
    let answer =
        app.user().streaming().create(&json!({"chat_id": chat, "question": "a b c"})).await.expect(201);

    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-store", "no"));
    assert!(answer.text.starts_with("retry: 1000\n\n"));
    let events = events(&answer.text);
    assert_eq!((events[0].id, events[0].name.as_str()), (0, "start"));
    assert_eq!(text_of(&events), "a b c");
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (0..=events.last().unwrap().id).collect::<Vec<_>>(), "without gaps");
    let end = events.last().unwrap();
    assert_eq!((end.name.as_str(), &end.data["message"]["response"]), ("done", &json!("a b c")));
}

#[tokio::test]
async fn a_failure_of_the_provider_keeps_what_was_said() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let question = json!({"chat_id": chat, "question": "[[fail:after=2]] a b c d"});
    let streamed = events(&ann.streaming().create(&question).await.expect(201).text);

    let end = streamed.last().unwrap();
    assert_eq!((end.name.as_str(), &end.data["error"]["code"]), ("failed", &json!("provider_unavailable")));
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((&message["response"], &message["generation"]["status"]), (&json!("a b "), &json!("failed")));
    let id = text(&message["response_id"]);
    let answer = ann.get(id).await.expect(200).json();
    assert_eq!(
        (&answer["status"], &answer["error"]["code"]),
        (&json!("failed"), &json!("provider_unavailable"))
    );
}

#[tokio::test]
async fn tool_calls_are_items_of_the_message() {
    let (app, chat) = (spawn_app().await, chat());
    let body = json!({"chat_id": chat, "question": "[[tool:add]] a", "tools": [{"type": "function"}]});
    let streamed = events(&app.user().streaming().create(&body).await.expect(201).text);
    let call = streamed.iter().find(|event| event.name == "tool_call").unwrap();
    assert_eq!(call.data["function"]["name"], "add");
    let items = &app.branch_service.messages(&chat)[0]["output_items"];
    assert_eq!(items[0]["tool_calls"][0], call.data);
}

#[tokio::test]
async fn one_answer_at_a_time_at_the_head_of_a_branch() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let first = ann.ask(&chat, &endless()).await;
    let body = json!({"chat_id": chat, "question": "x"});

    let refused = ann.create(&body).await.expect(409);

    assert_eq!((refused.code().as_str(), &refused.json()["response_id"]), ("answer_running", &json!(first)));
    let fork = json!({"chat_id": chat, "question": "x", "on_running": "fork"});
    let forked = ann.create(&fork).await.expect(201).json();
    let forked = ann.stored(text(&forked["response_id"])).await;
    assert_ne!(forked["message"]["branch_id"], json!(chat));
    ann.stop(&first).await.expect(200);
    ann.create(&body).await.expect(201);
}

#[tokio::test]
async fn an_answer_is_followed_once_it_is_a_message_though_its_replica_does_not_know() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    app.branch_service.hold(Some("answers"));
    let first = ann.ask(&chat, "a").await;
    eventually("it is a message", async || app.branch_service.is_holding()).await;
    let body = json!({"chat_id": chat, "question": endless()});

    let second = ann.create(&body).await.expect(201).json();

    assert_eq!(second["parent_response_id"], *first);
    // The branch has the second now.
    let before = json!({"chat_id": chat, "question": "c", "parent_response_id": first});
    let refused = ann.create(&before).await.expect(409);
    assert_eq!(refused.json()["response_id"], second["response_id"]);
}

#[tokio::test]
async fn an_idempotency_key_asks_once_and_follows_the_same_answer() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user().with_key("k");
    let body = json!({"chat_id": chat, "question": "a b"});
    let first = ann.create(&body).await.expect(201);

    let again = ann.streaming().create(&body).await.expect(201);

    assert_eq!(again.header("idempotency-replayed"), "true");
    let events = events(&again.text);
    assert_eq!(events[0].data["response_id"], first.json()["response_id"]);
    assert_eq!(text_of(&events), "a b");
    let stored = ann.create(&body).await.expect(201).json();
    assert_eq!((&stored["status"], &stored["text"]), (&json!("completed"), &json!("a b")));
    assert_eq!(app.branch_service.messages(&chat).len(), 1);
    let other = ann.create(&json!({"chat_id": chat, "question": "b"})).await.expect(422);
    assert_eq!(other.code(), "idempotency_key_reused");
}
