//! What is left of what was deleted, and for how long.

use crate::app::{Chat, TestApp, spawn_app, text, unknown};
use branch::store::{ContentStore, Lookup, SweepStep};
use serde_json::json;
use shared::ids::BranchId;
use std::time::Duration;

const NEARLY_A_DAY: Duration = Duration::from_secs(24 * 60 * 60 - 1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sweeps until nothing is left to do.
pub async fn sweep(store: &ContentStore) {
    while store.sweep().await.unwrap() != SweepStep::NothingDue {}
}

async fn is_known(store: &ContentStore, chat: &Chat, branch: &str) -> bool {
    let id = BranchId::from(shared::ids::parse_uuid(branch).unwrap());
    store.look_up(chat.user, id).await.unwrap() != Lookup::Unknown
}

/// A chat with three branches, one message of which was keyed.
async fn grown(app: &TestApp) -> (Chat, Vec<String>) {
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let keyed = chat.client.with_header("idempotency-key", "k");
    let body = json!({"chat_id": fork, "question": "q", "response": "r"});
    let second = keyed.post("/api/v1/messages/add-message", &body).await.expect(201).json();
    let leaf = chat.fork(&second["response_id"]).await;
    chat.say(&leaf, "3").await;
    (chat, vec![fork, leaf])
}

#[tokio::test]
async fn an_id_stays_taken_for_a_day() {
    let app = spawn_app().await;
    let (chat, forks) = grown(&app).await;
    let store = app.store().await;
    chat.delete_branch(&forks[0], "?cascade=true").await.expect(200);
    sweep(&store).await;
    app.clock.advance(NEARLY_A_DAY);
    sweep(&store).await;
    for fork in &forks {
        assert!(is_known(&store, &chat, fork).await);
    }
    app.clock.advance(Duration::from_secs(2));
    sweep(&store).await;
    for fork in &forks {
        assert!(!is_known(&store, &chat, fork).await);
    }
    assert_eq!(chat.line(&chat.id).await, ["1"]);
    // Its key and its id are free again.
    let first = chat.get_line(&chat.id, "").await.json()[0].clone();
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": first["response_id"],
                      "new_chat_id": forks[0]});
    chat.post_branch(&body).await.expect(201);
    let body = json!({"chat_id": forks[0], "question": "other", "response": "r"});
    let keyed = chat.client.with_header("idempotency-key", "k");
    keyed.post("/api/v1/messages/add-message", &body).await.expect(201);
}

#[tokio::test]
async fn a_deleted_chat_leaves_tombstones_for_a_day_and_then_nothing() {
    let app = spawn_app().await;
    let (chat, forks) = grown(&app).await;
    let (kept, kept_forks) = grown(&app).await;
    let store = app.store().await;
    app.delete_chat(&chat).await.expect(200);
    sweep(&store).await;
    for branch in [&chat.id, &forks[0], &forks[1]] {
        assert!(is_known(&store, &chat, branch).await);
    }
    // The key that made a message answers 404 for a day, and 422 to another request.
    let keyed = chat.client.with_header("idempotency-key", "k");
    let body = json!({"chat_id": forks[0], "question": "q", "response": "r"});
    keyed.post("/api/v1/messages/add-message", &body).await.expect(404);
    app.delete_chat(&chat).await.expect(200);
    app.clock.advance(DAY + Duration::from_secs(1));
    sweep(&store).await;
    for branch in [&chat.id, &forks[0], &forks[1]] {
        assert!(!is_known(&store, &chat, branch).await);
    }
    assert_eq!(kept.line(&kept_forks[1]).await, ["1", "q", "3"]);
}

#[tokio::test]
async fn the_sweep_takes_as_many_steps_as_needed() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mut last = chat.say(&chat.id, "0").await;
    for _ in 0..250 {
        chat.fork(&last["response_id"]).await;
        last = chat.say(&chat.id, "x").await;
    }
    let fork = chat.fork(&last["response_id"]).await;
    let store = app.store().await;
    app.delete_chat(&chat).await.expect(200);
    sweep(&store).await;
    app.clock.advance(DAY + Duration::from_secs(1));
    sweep(&store).await;
    assert!(!is_known(&store, &chat, &fork).await);
    assert!(!is_known(&store, &chat, &chat.id).await);
    assert!(!is_known(&store, &chat, &unknown()).await);
    assert_eq!(text(&last["chat_id"]), chat.id);
}
