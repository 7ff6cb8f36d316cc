//! A locked chat: other users do not wait for it.

use crate::app::{CHATS, CONVERSATIONS, spawn_app};
use serde_json::{Value, json};
use shared_test_kit::RowLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[tokio::test]
async fn a_locked_chat_holds_one_connection() {
    let app = spawn_app().await;
    let (user, other) = (app.user(), app.user());
    let create = format!("{CHATS}/create-chat");
    let chat: Value = user.client.post(&create, &json!({"name": "Trees"})).await.expect(201).json();
    let chat = chat["chat_id"].as_str().unwrap().to_owned();
    // SQLite has no row locks.
    let Some(lock) = RowLock::of(&app.database, "chat.chats").await else { return };
    let answered = Arc::<AtomicUsize>::default();
    let using = (0..64).map(|number| {
        let (client, chat, answered) = (user.client.clone(), chat.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            let answer = match number {
                40 => client.delete(&format!("{CHATS}/delete-chat/{chat}")).await,
                _ if number % 2 == 0 => client.post(CONVERSATIONS, &json!({"chat_id": chat})).await,
                _ => client.put(&format!("{CHATS}/update-chat/{chat}"), &json!({"name": "Wood"})).await,
            };
            answered.fetch_add(1, Ordering::SeqCst);
            answer
        })
    });
    let using: Vec<_> = using.collect();
    lock.wait_for_waiter().await;
    other.client.post(&create, &json!({"name": "Birds"})).await.expect(201);
    other.client.get(&format!("{CHATS}/get-chat")).await.expect(200);
    let (before, waiting) = (answered.load(Ordering::SeqCst), lock.waiting().await);
    assert!(before < 16 && waiting <= 1, "{before} were answered before another user was, {waiting} wait");

    drop(lock);
    for one in using {
        let answer = one.await.unwrap();
        match answer.status.as_u16() {
            200 | 201 | 404 => {}
            503 => assert_eq!(answer.header("retry-after"), "1"),
            other => panic!("{other}: {}", answer.text),
        }
    }
}
