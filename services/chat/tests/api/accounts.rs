//! `DELETE /internal/accounts/{user_id}`

use crate::app::{eventually, spawn_app};
use futures_util::future::{join, join_all};
use serde_json::json;
use std::time::Duration;

/// The retention of accounts in the service under test: shorter than the delay of the second pass.
const MEMORY: Duration = Duration::from_secs(5);

#[tokio::test]
async fn only_the_chats_of_the_account_are_deleted() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let bobs = bob.chat("bob's").await;
    let (one, two) = (ann.chat("one").await, ann.chat("two").await);
    let record = ann.conversation(&one, "record").await;
    app.delete_account(ann.id).await.expect(200);

    for chat in [&one, &two] {
        ann.get_chat(chat).await.expect(404);
        assert!(app.deliveries().await.contains(&format!("destroyed {chat} of {}", ann.id)));
    }
    ann.delete_conversation(&record).await.expect(404);
    assert_eq!(ann.get_chats("").await.expect(200).json(), json!([]));
    bob.get_chat(&bobs).await.expect(200);
    assert_eq!(app.deliveries().await.len(), 2);

    // A delivery may be repeated.
    app.delete_account(ann.id).await.expect(200);
    assert_eq!(app.deliveries().await.len(), 2);
}

#[tokio::test]
async fn nothing_can_be_created_for_a_deleted_account() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let keyed = ann.with_key("k");
    keyed.create_chat(&json!({"name": "x"})).await.expect(201);
    let chat = ann.chat("y").await;
    app.delete_account(ann.id).await.expect(200);
    let answers = [
        ann.create_chat(&json!({"name": "z"})).await,
        keyed.create_chat(&json!({"name": "x"})).await,
        ann.create_conversation(&json!({"chat_id": chat})).await,
        keyed.create_conversation(&json!({"chat_id": chat})).await,
        // Before the body is read.
        ann.create_chat(&json!({})).await,
        ann.create_conversation(&json!({})).await,
        ann.with_key("").create_chat(&json!({"name": "z"})).await,
    ];
    for answer in answers {
        let answer = answer.expect(401);
        assert_eq!(answer.code(), "invalid_token");
        assert_eq!(answer.json()["detail"], "Invalid token");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    bob.chat("bob's").await;
}

#[tokio::test]
async fn an_account_may_have_many_chats() {
    let app = spawn_app().await;
    let ann = app.user();
    for n in 0..250 {
        ann.chat(&n.to_string()).await;
    }
    app.delete_account(ann.id).await.expect(200);
    eventually("the chats are gone", async || ann.get_chats("").await.json() == json!([])).await;
    // All but the last batch are left to the relay.
    app.clock.advance(Duration::from_secs(2));
    eventually("branch hears of all", async || app.deliveries().await.len() >= 250).await;
    let mut heard = app.deliveries().await;
    heard.sort_unstable();
    heard.dedup();

    assert_eq!(heard.len(), 250);
}

#[tokio::test]
async fn the_second_pass_deletes_chats_in_flight_also_after_a_restart() {
    let mut app = spawn_app().await;
    let ann = app.user();
    app.delete_account(ann.id).await.expect(200);
    // A chat that was being created: the account is forgotten, and its second pass is still to come.
    app.clock.advance(MEMORY);
    let chat = ann.chat("late").await;
    app.restart().await;
    let ann = app.user_of(ann.id);
    ann.get_chat(&chat).await.expect(200);
    app.clock.advance(Duration::from_secs(5));
    eventually("the chat is gone", async || ann.get_chat(&chat).await.status == 404).await;
    app.clock.advance(Duration::from_secs(2));
    let delivery = format!("destroyed {chat} of {}", ann.id);
    eventually("branch hears of it", async || app.deliveries().await.contains(&delivery)).await;
}

#[tokio::test]
async fn chats_created_during_the_deletion_are_deleted() {
    let app = spawn_app().await;
    let ann = app.user();
    let bodies: Vec<_> = (0..24).map(|n| json!({"name": n.to_string()})).collect();
    let creating = join_all(bodies.iter().map(|body| ann.create_chat(body)));
    let (created, deleted) = join(creating, app.delete_account(ann.id)).await;
    deleted.expect(200);
    assert!(created.iter().all(|answer| [201, 401].contains(&answer.status.as_u16())));

    app.clock.advance(Duration::from_secs(10));
    eventually("the chats are gone", async || ann.get_chats("").await.json() == json!([])).await;
}
