use crate::app::{Chat, DAY, spawn_app, spawn_undoable_app, unknown};
use crate::delete_branch::chain;
use serde_json::{Value, json};
use std::time::Duration;

/// The whole list, page by page.
async fn walk(chat: &Chat, query: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = chat.deleted_branches(&chat.id, &format!("{query}&cursor={cursor}")).await.expect(200);
        found.extend(answer.json().as_array().unwrap().clone());
        let next = answer.header("x-next-cursor");
        if next.is_empty() {
            return found;
        }
        next.clone_into(&mut cursor);
    }
}

#[tokio::test]
async fn each_request_is_an_entry_and_the_newest_comes_first() {
    let app = spawn_undoable_app().await;
    let chat = app.chat();
    let (branches, messages) = chain(&chat, 3).await;
    assert_eq!(chat.deleted_branches(&chat.id, "").await.expect(200).text, "[]");
    let mut expected = Vec::new();
    for number in 0..5 {
        let fork = chat.fork(&messages[0]["response_id"]).await;
        let deleted_at = app.clock.now();
        chat.delete_branch(&fork, "").await.expect(200);
        expected.insert(
            0,
            json!({"branch_id": fork, "name": null, "deleted_at": deleted_at, "purge_at": deleted_at.plus(DAY), "branch_count": 1}),
        );
        app.clock.advance(Duration::from_secs(number + 1));
    }
    chat.rename(&branches[2], &json!({"name": "named"})).await.expect(200);
    let deleted_at = app.clock.now();
    chat.delete_branch(&branches[2], "?cascade=true").await.expect(200);
    expected.insert(
        0,
        json!({"branch_id": branches[2], "name": "named", "deleted_at": deleted_at, "purge_at": deleted_at.plus(DAY), "branch_count": 2}),
    );
    for query in ["", "&limit=1", "&limit=4", "&limit=6"] {
        assert_eq!(walk(&chat, query).await, expected, "{query}");
    }
    // A branch's id stands for its chat.
    let of_branch = chat.deleted_branches(&branches[1], "").await.expect(200).json();
    assert_eq!(of_branch, json!(expected));
    let page = chat.deleted_branches(&chat.id, "&limit=2").await.expect(200);
    assert!(page.header("link").contains("deleted-branches") && page.header("link").contains("rel=\"next\""));

    chat.restore_branch(&branches[2]).await.expect(200);
    let oldest = expected[5]["branch_id"].as_str().unwrap();
    chat.delete_branch(oldest, "?permanent=true").await.expect(200);
    assert_eq!(walk(&chat, "").await, expected[1..5]);
    app.clock.advance(DAY);
    assert_eq!(walk(&chat, "").await, Vec::<Value>::new());
}

#[tokio::test]
async fn without_a_window_the_list_is_empty() {
    let app = spawn_app().await;
    let chat = app.chat();
    let (branches, _) = chain(&chat, 1).await;
    chat.delete_branch(&branches[1], "").await.expect(200);
    assert_eq!(chat.deleted_branches(&chat.id, "").await.expect(200).text, "[]");
    chat.restore_branch(&branches[1]).await.expect(404);
}

#[tokio::test]
async fn the_list_of_what_is_deleted_or_anothers_is_a_404() {
    let app = spawn_undoable_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let (branches, _) = chain(&chat, 2).await;
    chat.delete_branch(&branches[2], "").await.expect(200);
    for id in [&chat.id, &branches[1], &branches[2], &unknown()] {
        assert_eq!(stranger.deleted_branches(id, "").await.expect(404).code(), "chat_not_found");
    }
    assert_eq!(chat.deleted_branches(&branches[2], "").await.expect(404).code(), "chat_not_found");
    app.delete_chat(&chat).await.expect(200);
    for id in [&chat.id, &branches[1]] {
        assert_eq!(chat.deleted_branches(id, "").await.expect(404).code(), "chat_not_found");
    }
    let wrong = stranger.deleted_branches("x", "&limit=0&cursor=y").await.expect(422);
    assert_eq!(wrong.field_errors().len(), 3);
    // Nothing was written to this chat yet.
    assert_eq!(stranger.deleted_branches(&stranger.id, "").await.expect(200).text, "[]");
}
