//! What becomes of runs whose chat, branch or account is deleted.

use crate::app::{TestApp, User, chat, eventually, spawn_app};
use crate::database::{rows_of, rows_with};
use crate::events::events;
use serde_json::json;
use shared::service::Service;
use shared_test_kit::Answer;
use std::time::Duration;

const MARKER: &str = "aerial-root";

async fn tell(app: &TestApp, chat: &str, state: &str, number: i64) -> Answer {
    let owner = crate::app::OWNER;
    let query = format!("owner={owner}&created_at=2026-12-02T12:00:00.000000Z&number={number}&state={state}");
    let path = format!("/internal/chats/{chat}/state?{query}");
    app.service(Service::Chat).send(reqwest::Method::PUT, &path, None).await
}

/// A run that has said the marker, and goes on.
async fn running(app: &TestApp, chat: &str) -> (User, String) {
    let ann = app.user();
    let id = ann.ask(chat, &format!("[[delay:20]][[repeat:9000]] {MARKER} and")).await;
    ann.begun(&id).await;
    (ann, id)
}

#[tokio::test]
async fn a_run_of_a_deleted_chat_is_dropped_for_good() {
    let (app, chat) = (spawn_app().await, chat());
    let (ann, id) = running(&app, &chat).await;
    let path = format!("{}/stream-answer/{id}", crate::app::ANSWERS);
    let client = ann.client.clone();
    let reader = tokio::spawn(async move { client.get(&path).await.expect(200).text });
    eventually("it is read", async || rows_with(&app, MARKER).await > 2).await;

    tell(&app, &chat, "deleted", 1).await.expect(200);

    assert_eq!(rows_with(&app, MARKER).await, 0);
    if let Some(end) = events(&reader.await.unwrap_or_default()).last() {
        assert_eq!((end.name.as_str(), &end.data["error"]["code"]), ("failed", &json!("answer_dropped")));
    }
    ann.get(&id).await.expect(404);
    tell(&app, &chat, "alive", 2).await.expect(200);
    ann.get(&id).await.expect(404);
    assert!(app.branch_service.messages(&chat).is_empty());
    // A late delivery has no effect on what has begun since.
    let next = ann.ask(&chat, "x").await;
    tell(&app, &chat, "deleted", 1).await.expect(200);
    assert_eq!(ann.stored(&next).await["status"], "completed");
}

#[tokio::test]
async fn a_run_that_has_nowhere_to_go_is_dropped() {
    let (app, chat) = (spawn_app().await, chat());
    let (ann, id) = running(&app, &chat).await;
    app.branch_service.delete(&chat);
    ann.stop(&id).await.expect(404);
    app.branch_service.restore(&chat);
    ann.get(&id).await.expect(404);
    assert_eq!(rows_with(&app, MARKER).await, 0);
    assert!(app.branch_service.messages(&chat).is_empty());
}

#[tokio::test]
async fn what_was_dropped_while_it_was_to_be_stored_is_not_stored() {
    let (app, chat) = (spawn_app().await, chat());
    let (ann, store) = (app.user(), app.store().await);
    app.branch_service.fail_to_store(true);
    let id = ann.ask(&chat, "a b").await;
    let run = shared::ids::parse_uuid(&id).unwrap().into();
    let renew = async || answer::store::renew(&store, run, Duration::from_secs(60)).await.unwrap();
    eventually("it is sealed", async || renew().await.is_some()).await;
    tell(&app, &chat, "deleted", 1).await.expect(200);
    assert_eq!(renew().await, None);
    tell(&app, &chat, "alive", 2).await.expect(200);
    app.branch_service.fail_to_store(false);
    ann.get(&id).await.expect(404);
    assert!(app.branch_service.messages(&chat).is_empty());
}

#[tokio::test]
async fn the_runs_of_a_destroyed_chat_and_of_a_deleted_account_go() {
    let app = spawn_app().await;
    let (one, other) = (chat(), chat());
    let (ann, id) = running(&app, &one).await;
    let kept = ann.ask(&other, MARKER).await;
    ann.stored(&kept).await;

    tell(&app, &one, "destroyed", 1).await.expect(200);
    ann.get(&id).await.expect(404);
    assert_eq!(rows_of(&app, "runs").await, 1);
    let account = format!("/internal/accounts/{}", crate::app::OWNER);
    for _ in 0..2 {
        app.service(Service::Auth).delete(&account).await.expect(200);
    }

    for table in ["runs", "chunks", "token_usage", "provider_keys"] {
        assert_eq!(rows_of(&app, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_deleted_message_is_not_told_any_more() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, "a").await;
    ann.stored(&id).await;
    app.branch_service.delete(&chat);
    ann.get(&id).await.expect(404);
    ann.stream(&id, None).await.expect(404);
}

#[tokio::test]
async fn the_texts_of_an_answer_go_soon_after_its_message_was_deleted() {
    let (app, one, other) = (spawn_app().await, chat(), chat());
    let ann = app.user();
    let deleted = ann.ask(&one, MARKER).await;
    ann.stored(&deleted).await;
    let kept = ann.ask(&other, "stilt-root").await;
    ann.stored(&kept).await;
    let (store, mut listed, mut after) = (app.store().await, Vec::new(), None);
    while let Some(run) = answer::store::kept_runs(&store, after, 1).await.unwrap().pop() {
        listed.push(run.response_id.to_string());
        after = Some(run);
    }
    assert_eq!(listed, [&*deleted, &*kept]);
    // An older version of the branch service does not tell.
    app.branch_service.set_old(true);
    let before = rows_with(&app, MARKER).await;
    assert!(before > 0);
    app.branch_service.delete(&one);
    app.branch_service.set_old(false);
    eventually("the texts are gone", async || rows_with(&app, MARKER).await == 0).await;
    // Its row is left, without texts, and so is the other one whole.
    assert_eq!(rows_of(&app, "runs").await, 2);
    assert!(rows_with(&app, "stilt-root").await > 0);
    let whole = ann.stream(&kept, None).await.expect(200).text;
    assert!(events(&whole).len() > 2, "{whole}");
}
