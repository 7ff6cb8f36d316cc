//! `POST /chats/restore-chat/{chat_id}`

use crate::app::{DAY, TestApp, User, column, eventually, spawn_app, spawn_app_with_window, text};
use futures_util::future::{join, join_all};
use reqwest::Method;
use serde_json::json;
use shared::ids::ChatId;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_restored_chat_is_as_it_was() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("Trees").await;
    let change = json!({"tags": ["botany"], "settings": {"model": "fig-1"}, "pinned": true, "active": false});
    let before = ann.update_chat(&id, &change).await.expect(200).json();
    ann.delete_chat(&id).await.expect(200);
    ann.get_chat(&id).await.expect(404);
    assert_eq!(ann.get_chats("").await.expect(200).json(), json!([]));
    app.clock.advance(DAY.saturating_sub(Duration::from_micros(1)));

    assert_eq!(ann.restore_chat(&id).await.expect(200).json(), before);

    assert_eq!(ann.get_chat(&id).await.expect(200).json(), before);
    assert_eq!(ann.get_chats("?pinned=true").await.expect(200).json(), json!([before]));
    assert_eq!(app.branch_service.state(&id).as_deref(), Some("alive"));
    // One that is there is answered, too, and nothing is delivered.
    let deliveries = app.deliveries().await.len();
    assert_eq!(ann.restore_chat(&format!("{id}/")).await.expect(200).json(), before);
    assert_eq!(app.deliveries().await.len(), deliveries);
}

#[tokio::test]
async fn exactly_the_records_that_went_along_come_back() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let (kept, deleted) = (ann.conversation(&id, "kept").await, ann.conversation(&id, "deleted").await);
    ann.delete_conversation(&deleted).await.expect(200);
    ann.delete_chat(&id).await.expect(200);
    for record in [&kept, &deleted] {
        assert_eq!(ann.delete_conversation(record).await.expect(404).code(), "conversation_not_found");
    }
    ann.get_conversations(&format!("?chat_id={id}")).await.expect(404);

    ann.restore_chat(&id).await.expect(200);

    let records = ann.get_conversations(&format!("?chat_id={id}")).await.expect(200);
    assert_eq!(column(&records, "name"), ["kept"]);
    ann.delete_conversation(&deleted).await.expect(404);
    ann.delete_conversation(&kept).await.expect(200);
}

#[tokio::test]
async fn the_keys_of_a_restored_chat_replay_again() {
    let app = spawn_app_with_window(7 * DAY).await;
    let ann = app.user().with_key("k");
    let chat = ann.create_chat(&json!({"name": "x"})).await.expect(201).json();
    let id = text(&chat["chat_id"]);
    let record = json!({"chat_id": id, "name": "r"});
    let made = ann.create_conversation(&record).await.expect(201).json();
    ann.delete_chat(id).await.expect(200);
    // As long as the window, though that is longer than a day.
    app.clock.advance(6 * DAY);
    assert_eq!(ann.create_chat(&json!({"name": "x"})).await.expect(404).code(), "chat_not_found");
    assert_eq!(ann.create_chat(&json!({"name": "y"})).await.expect(422).code(), "idempotency_key_reused");
    assert_eq!(ann.create_conversation(&record).await.expect(404).code(), "conversation_not_found");

    ann.restore_chat(id).await.expect(200);

    let replayed = ann.create_chat(&json!({"name": "x"})).await.expect(201);
    assert_eq!((replayed.json(), replayed.header("idempotency-replayed")), (chat.clone(), "true"));
    let replayed = ann.create_conversation(&record).await.expect(201);
    assert_eq!((replayed.json(), replayed.header("idempotency-replayed")), (made, "true"));
}

#[tokio::test]
async fn what_is_purged_unknown_or_another_users_is_a_404() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let id = ann.chat("x").await;
    for state in ["alive", "deleted"] {
        assert_eq!(bob.restore_chat(&id).await.expect(404).code(), "chat_not_found", "{state}");
        bob.delete_permanently(&id).await.expect(404);
        if state == "alive" {
            ann.delete_chat(&id).await.expect(200);
        }
    }
    ann.restore_chat(&ChatId::generate().to_string()).await.expect(404);
    ann.restore_chat("x").await.expect(422);

    app.clock.advance(DAY);
    // Before the sweep, too.
    ann.restore_chat(&id).await.expect(404);
    ann.delete_permanently(&id).await.expect(404);
}

#[tokio::test]
async fn a_body_is_ignored() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    ann.delete_chat(&id).await.expect(200);
    ann.send(Method::POST, &format!("/api/v1/chats/restore-chat/{id}"), "{no JSON").await.expect(200);
}

#[tokio::test]
async fn late_deliveries_change_nothing() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    app.branch_responds_with(503, &json!({})).await;
    for _ in 0..3 {
        ann.delete_chat(&id).await.expect(200);
        ann.restore_chat(&id).await.expect(200);
    }
    ann.delete_chat(&id).await.expect(200);
    app.branch_recovers().await;
    // The relay delivers the seven of them concurrently.
    eventually("branch hears of all", async || {
        app.clock.advance(Duration::from_secs(10));
        app.deliveries().await.len() >= 7
    })
    .await;

    assert_eq!(app.branch_service.state(&id).as_deref(), Some("deleted"));
}

/// Checks that branch has heard of what became of a chat, and that the records are as the chat is.
async fn check_agreement(app: &TestApp, ann: &User, chat: &str) {
    let is_alive = ann.get_chat(chat).await.status == 200;
    eventually("branch agrees", async || {
        app.clock.advance(Duration::from_secs(2));
        (app.branch_service.state(chat).as_deref() == Some("alive")) == is_alive
    })
    .await;
    let records = ann.get_conversations(&format!("?chat_id={chat}")).await;
    if is_alive {
        assert_eq!(column(&records.expect(200), "name"), ["r"]);
    } else {
        records.expect(404);
    }
}

#[tokio::test]
async fn restores_beside_deletions_leave_one_state() {
    let app = spawn_app().await;
    let ann = app.user();
    for round in 0..10 {
        let id = ann.chat("x").await;
        ann.conversation(&id, "r").await;
        let restores = join_all((0..4).map(|_| ann.restore_chat(&id)));
        let deletions = join_all((0..4).map(|_| ann.delete_chat(&id)));
        let (restored, deleted) = join(restores, deletions).await;
        assert!(deleted.iter().any(|answer| answer.status == 200), "{round}");
        assert!(restored.iter().chain(&deleted).all(|answer| [200, 404].contains(&answer.status.as_u16())));
        check_agreement(&app, &ann, &id).await;
    }
}

#[tokio::test]
async fn a_restore_beside_a_permanent_deletion_brings_nothing_half_back() {
    let app = spawn_app().await;
    let ann = app.user();
    for _ in 0..10 {
        let id = ann.chat("x").await;
        ann.conversation(&id, "r").await;
        ann.delete_chat(&id).await.expect(200);
        let restores = join_all((0..4).map(|_| ann.restore_chat(&id)));
        let (restored, destroyed) = join(restores, ann.delete_permanently(&id)).await;
        destroyed.expect(200);
        assert!(restored.iter().all(|answer| [200, 404].contains(&answer.status.as_u16())));
        ann.get_chat(&id).await.expect(404);
        assert_eq!(app.texts(&id).await.0, "");
        check_agreement(&app, &ann, &id).await;
    }
}

#[tokio::test]
async fn a_restore_beside_the_purge_brings_all_back_or_nothing() {
    let app = spawn_app_with_window(HOUR).await;
    let ann = app.user();
    let mut chats = Vec::new();
    for _ in 0..50 {
        let id = ann.chat("x").await;
        ann.conversation(&id, "r").await;
        ann.delete_chat(&id).await.expect(200);
        chats.push(id);
    }
    // A replica whose clock is ahead purges at its start, while this one restores.
    let restores = async {
        let mut answers = Vec::new();
        for id in &chats {
            answers.push(ann.restore_chat(id).await);
        }
        answers
    };
    let (restored, _replica) = join(restores, app.replica(HOUR)).await;
    for (id, answer) in chats.iter().zip(restored) {
        let (name, ..) = app.texts(id).await;
        match answer.status.as_u16() {
            200 => assert_eq!(name, "x"),
            404 => assert_eq!(name, ""),
            other => panic!("{other}: {}", answer.text),
        }
        check_agreement(&app, &ann, id).await;
    }
}
