//! Chats that were written by a version without pins, tags, settings, forks and undo.

use crate::app::{DAY, column, eventually, spawn_app};
use crate::database::OldChat;
use serde_json::json;
use shared::service::Service;
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
    assert_eq!(read["forked_from"], json!(null));
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
async fn a_chat_that_an_older_version_has_deleted_stays_deleted() {
    let mut app = spawn_app().await;
    let owner = app.user().id;
    let (old, deleted) =
        (OldChat::new(owner, "kept", app.clock.now()), OldChat::new(owner, "", app.clock.now()));
    let (old_id, deleted_id) = (old.id(), deleted.id());
    app.restart_with_old_chats(vec![old, deleted.deleted_at(app.clock.now())]).await;
    let ann = app.user_of(owner);

    ann.restore_chat(&deleted_id).await.expect(404);
    ann.delete_permanently(&deleted_id).await.expect(404);
    assert_eq!(ann.deleted_chats("").await.expect(200).json(), json!([]));
    ann.delete_chat(&old_id).await.expect(200);
    assert_eq!(ann.restore_chat(&old_id).await.expect(200).json()["name"], "kept");
    app.clock.advance(DAY);
    app.restart().await;
    let (service, path) = (app.service(Service::Branch), format!("/internal/chats/{deleted_id}"));
    eventually("it is forgotten", async || service.get(&path).await.status == 404).await;
}

#[tokio::test]
async fn what_can_be_restored_is_deleted_for_good_by_a_downgrade() {
    let mut app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("secret").await;
    let (kept, deleted) = (ann.conversation(&chat, "secret").await, ann.conversation(&chat, "other").await);
    ann.delete_conversation(&deleted).await.expect(200);
    ann.delete_chat(&chat).await.expect(200);
    app.restart_with_old_chats(Vec::new()).await;
    let ann = app.user_of(ann.id);

    assert_eq!(app.texts(&chat).await, (String::new(), "[]".to_owned(), None));
    assert_eq!(app.record_names(&chat).await, ["", ""]);
    ann.restore_chat(&chat).await.expect(404);
    ann.delete_conversation(&kept).await.expect(404);
    eventually("branch hears of it", async || {
        app.branch_service.state(&chat).as_deref() == Some("destroyed")
    })
    .await;
}

#[tokio::test]
async fn a_delivery_of_an_older_version_is_a_deletion() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    app.owe_deletion_as_before(&chat, ann.id).await;

    eventually("branch hears of it", async || {
        app.branch_service.state(&chat).as_deref() == Some("destroyed")
    })
    .await;
}
