//! Chats that were written by a version without pins, tags and settings.

use crate::app::{column, spawn_app};
use crate::database::OldChat;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_database_of_an_older_version_is_migrated() {
    let mut app = spawn_app().await;
    let now = app.clock.now();
    let id = app.user().id;
    let old = OldChat::new(id, "Straße", now);
    let (chat, other) = (old.id(), OldChat::new(id, "Weg", now.minus(Duration::from_secs(1))));
    app.restart_with_old_chats(vec![old, other]).await;
    let ann = app.user_of(id);

    let read = ann.get_chat(&chat).await.expect(200).json();

    assert_eq!((&read["name"], &read["created_at"]), (&json!("Straße"), &json!(now)));
    assert_eq!((&read["pinned"], &read["tags"]), (&json!(false), &json!([])));
    assert_eq!(read["settings"], json!({"model": null, "instructions": null, "truncation": null}));
    for (query, names) in [
        ("", &["Straße", "Weg"][..]),
        ("?q=STRASSE", &["Straße"]),
        ("?pinned=false&active=true", &["Straße", "Weg"]),
        ("?pinned=true", &[]),
        ("?tag=a", &[]),
    ] {
        assert_eq!(column(&ann.get_chats(query).await.expect(200), "name"), names, "{query}");
    }
    ann.update_chat(&chat, &json!({"pinned": true, "tags": ["a"]})).await.expect(200);
    assert_eq!(column(&ann.get_chats("?pinned=true&tag=a").await.expect(200), "name"), ["Straße"]);
}

#[tokio::test]
async fn what_an_older_version_writes_beside_this_one_is_found() {
    let app = spawn_app().await;
    let ann = app.user();
    let old = OldChat::new(ann.id, "Old", app.clock.now());
    let old_id = old.id();
    app.insert_old_chats(vec![old]).await;
    let new_id = ann.chat("New").await;
    for (id, name) in [(&old_id, "Older"), (&new_id, "Newer")] {
        app.rename_as_before(id, name).await;
        let query = format!("?q={}", name.to_uppercase());
        assert_eq!(column(&ann.get_chats(&query).await.expect(200), "chat_id"), [id.as_str()]);
    }
    assert_eq!(ann.get_chats("?q=new&pinned=true").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_deleted_chat_keeps_no_text() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("secret").await;
    let change = json!({"tags": ["secret"], "settings": {"instructions": "secret"}});
    ann.update_chat(&chat, &change).await.expect(200);
    assert!(app.texts(&chat).await.2.unwrap().contains("secret"));

    ann.delete_chat(&chat).await.expect(200);

    assert_eq!(app.texts(&chat).await, (String::new(), "[]".to_owned(), None));
}
