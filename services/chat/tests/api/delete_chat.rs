//! `DELETE /chats/delete-chat/{chat_id}`

use crate::app::{DAY, eventually, spawn_app, spawn_app_with_window};
use reqwest::Method;
use serde_json::json;
use shared::ids::ChatId;
use shared::service::Service;
use std::time::Duration;

#[tokio::test]
async fn a_deleted_chat_is_gone_with_its_records_and_branch_is_notified() {
    let app = spawn_app().await;
    let ann = app.user();
    let (id, other) = (ann.chat("x").await, ann.chat("y").await);
    let record = ann.conversation(&id, "one").await;
    let others = ann.conversation(&other, "other").await;
    let answer = ann.delete_chat(&id).await.expect(200);
    assert_eq!(answer.json(), json!({"msg": "Chat deleted"}));

    assert_eq!(app.deliveries().await, [format!("deleted {id} of {}", ann.id)]);
    ann.get_chat(&id).await.expect(404);
    ann.update_chat(&id, &json!({})).await.expect(404);
    ann.update_chat(&id, &json!({"name": "z"})).await.expect(404);
    ann.delete_chat(&id).await.expect(404);
    ann.get_conversations(&format!("?chat_id={id}")).await.expect(404);
    ann.create_conversation(&json!({"chat_id": id})).await.expect(404);
    assert_eq!(ann.delete_conversation(&record).await.expect(404).code(), "conversation_not_found");
    assert_eq!(ann.get_chats("").await.json().as_array().unwrap().len(), 1);
    ann.delete_conversation(&others).await.expect(200);
    assert_eq!(app.deliveries().await.len(), 1);
}

#[tokio::test]
async fn the_delivery_carries_the_ids_of_its_request() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let path = format!("/api/v1/chats/delete-chat/{id}");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let client = ann.client.with_header("x-request-id", "my-id").with_header("traceparent", traceparent);
    client.with_header("tracestate", "a=b").delete(&path).await.expect(200);
    let heard = app.branch.received_requests().await.unwrap();
    for (name, value) in [("x-request-id", "my-id"), ("traceparent", traceparent), ("tracestate", "a=b")] {
        assert_eq!(heard[0].headers[name], value);
    }

    assert!(heard[0].headers["authorization"].to_str().unwrap().starts_with("Bearer "));
}

#[tokio::test]
async fn a_chat_is_deleted_while_branch_is_down_and_branch_is_notified_later() {
    let mut app = spawn_app().await;
    let ann = app.user();
    let (one, other) = (ann.chat("x").await, ann.chat("y").await);
    app.branch_responds_with(503, &json!({})).await;
    ann.delete_chat(&one).await.expect(200);
    ann.get_chat(&one).await.expect(404);
    eventually("the delivery was tried", async || !app.deliveries().await.is_empty()).await;
    app.branch_recovers().await;
    app.clock.advance(Duration::from_secs(10));
    let of_one = format!("deleted {one} of {}", ann.id);
    eventually("branch hears of it", async || app.deliveries().await.contains(&of_one)).await;

    // The delivery is made after a restart, too.
    app.branch_responds_with(503, &json!({})).await;
    ann.delete_chat(&other).await.expect(200);
    app.restart().await;
    app.branch_recovers().await;
    app.clock.advance(Duration::from_secs(10));
    let of_other = format!("deleted {other} of {}", ann.id);
    eventually("branch hears of it", async || app.deliveries().await.contains(&of_other)).await;
}

#[tokio::test]
async fn another_users_chat_is_a_404_and_stays() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let id = ann.chat("x").await;

    let answer = bob.delete_chat(&id).await.expect(404);

    assert_eq!(answer.code(), "chat_not_found");
    bob.delete_chat(&ChatId::generate().to_string()).await.expect(404);
    bob.delete_chat("x").await.expect(422);
    ann.get_chat(&id).await.expect(200);
    assert!(app.deliveries().await.is_empty());
}

#[tokio::test]
async fn a_body_is_ignored() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let path = format!("/api/v1/chats/delete-chat/{id}/");
    ann.send(Method::DELETE, &path, "{no JSON").await.expect(200);
}

#[tokio::test]
async fn a_deleted_chat_is_purged_after_a_day() {
    let mut app = spawn_app().await;
    let ann = app.user();
    let (id, other) = (ann.chat("x").await, ann.chat("y").await);
    ann.conversation(&id, "one").await;
    ann.delete_chat(&id).await.expect(200);
    let path = format!("/internal/chats/{id}");
    let known = app.service(Service::Branch).get(&path).await.expect(200).json();
    assert_eq!(known["deleted"], true);

    app.clock.advance(DAY);
    // The service sweeps at start.
    app.restart().await;
    eventually("the chat is purged", async || app.service(Service::Branch).get(&path).await.status == 404)
        .await;
    app.service(Service::Branch).get(&format!("/internal/chats/{other}")).await.expect(200);
}

#[tokio::test]
async fn texts_of_a_deleted_chat_stay_for_the_window_and_go_at_the_purge() {
    let mut app = spawn_app_with_window(Duration::from_secs(3600)).await;
    let ann = app.user();
    let chat = ann.chat("secret").await;
    let change = json!({"tags": ["secret"], "settings": {"instructions": "secret"}});
    ann.update_chat(&chat, &change).await.expect(200);
    ann.conversation(&chat, "secret").await;
    ann.delete_chat(&chat).await.expect(200);
    let (name, tags, settings) = app.texts(&chat).await;
    assert!([name, tags, settings.unwrap()].iter().all(|text| text.contains("secret")));
    assert_eq!(app.record_names(&chat).await, ["secret"]);

    app.clock.advance(Duration::from_secs(3600));
    // The service sweeps at start.
    app.restart().await;
    eventually("branch hears of it", async || {
        app.clock.advance(Duration::from_secs(2));
        app.branch_service.state(&chat).as_deref() == Some("destroyed")
    })
    .await;
    assert_eq!(app.texts(&chat).await, (String::new(), "[]".to_owned(), None));
    assert_eq!(app.record_names(&chat).await, [""]);
    // Its id stays taken for a day, though the window is shorter.
    let path = format!("/internal/chats/{chat}");
    let known = app.service(Service::Branch).get(&path).await.expect(200).json();
    assert_eq!((&known["deleted"], &known["purge_at"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn a_permanent_deletion_destroys_at_once() {
    let app = spawn_app().await;
    let ann = app.user();
    let (alive, deleted) = (ann.chat("secret").await, ann.chat("secret").await);
    let record = ann.conversation(&alive, "secret").await;
    ann.delete_chat(&deleted).await.expect(200);
    for chat in [&alive, &deleted] {
        ann.delete_permanently(chat).await.expect(200);
        assert_eq!(app.texts(chat).await, (String::new(), "[]".to_owned(), None));
        assert_eq!(app.branch_service.state(chat).as_deref(), Some("destroyed"));
        ann.get_chat(chat).await.expect(404);
        ann.restore_chat(chat).await.expect(404);
        ann.delete_permanently(chat).await.expect(404);
    }

    assert_eq!(app.record_names(&alive).await, [""]);
    ann.delete_conversation(&record).await.expect(404);
    assert_eq!(ann.deleted_chats("").await.expect(200).json(), json!([]));
    let wrong = ann.client.delete(&format!("/api/v1/chats/delete-chat/{alive}?permanent=maybe")).await;
    assert_eq!(wrong.expect(422).field_errors(), ["bool_parsing query.permanent"]);
}

#[tokio::test]
async fn without_a_window_every_deletion_is_permanent() {
    let app = spawn_app_with_window(Duration::ZERO).await;
    let ann = app.user();
    let chat = ann.chat("secret").await;
    ann.delete_chat(&chat).await.expect(200);

    assert_eq!(app.texts(&chat).await, (String::new(), "[]".to_owned(), None));
    assert_eq!(app.branch_service.state(&chat).as_deref(), Some("destroyed"));
    ann.restore_chat(&chat).await.expect(404);
    assert_eq!(ann.deleted_chats("").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn an_account_is_deleted_with_its_deleted_chats() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let (alive, deleted, bobs) = (ann.chat("x").await, ann.chat("y").await, bob.chat("z").await);
    for (user, chat) in [(&ann, &deleted), (&bob, &bobs)] {
        user.delete_chat(chat).await.expect(200);
    }
    app.delete_account(ann.id).await.expect(200);

    for chat in [&alive, &deleted] {
        assert_eq!(app.texts(chat).await.0, "");
        assert_eq!(app.branch_service.state(chat).as_deref(), Some("destroyed"));
        ann.restore_chat(chat).await.expect(404);
    }
    bob.restore_chat(&bobs).await.expect(200);
}
