use crate::app::{DAY, TestApp, spawn_undoable_app, unknown};
use crate::delete_branch::chain;
use serde_json::json;
use std::time::Duration;

async fn spawn() -> TestApp {
    spawn_undoable_app().await
}

#[tokio::test]
async fn what_a_request_took_comes_back() {
    let app = spawn().await;
    let chat = app.chat();
    let (branches, messages) = chain(&chat, 3).await;
    chat.rename(&branches[1], &json!({"name": "first"})).await.expect(200);
    chat.activate(&chat.id, &branches[3]).await.expect(200);
    let before = chat.tree(&chat.id).await;
    chat.delete_branch(&branches[1], "?cascade=true").await.expect(200);
    chat.get_line(&branches[2], "").await.expect(404);
    let restored = chat.restore_branch(&branches[1]).await.expect(200).json();
    assert_eq!(chat.tree(&chat.id).await, before);
    assert_eq!(restored, before["branches"][1]);
    assert_eq!((&restored["name"], &restored["active"]), (&json!("first"), &json!(false)));
    assert_eq!(chat.line(&branches[3]).await, ["0", "1", "2", "3"]);
    chat.get_message(&messages[3]["response_id"]).await.expect(200);
    // Also what is there.
    assert_eq!(chat.restore_branch(&branches[1]).await.expect(200).json(), restored);
    let trunk = chat.restore_branch(&format!("{}/", chat.id)).await.expect(200).json();
    assert_eq!((&trunk["branch_id"], &trunk["parent_branch_id"]), (&json!(chat.id), &json!(null)));
    let untouched = app.chat();
    assert_eq!(untouched.restore_branch(&untouched.id).await.expect(200).json()["message_count"], 0);
}

#[tokio::test]
async fn a_parent_that_is_deleted_is_a_409() {
    let app = spawn().await;
    let chat = app.chat();
    let (branches, _) = chain(&chat, 3).await;
    chat.delete_branch(&branches[3], "").await.expect(200);
    chat.delete_branch(&branches[1], "?cascade=true").await.expect(200);
    for branch in &branches[2..] {
        assert_eq!(chat.restore_branch(branch).await.expect(409).code(), "parent_deleted");
    }
    chat.restore_branch(&branches[1]).await.expect(200);
    chat.get_line(&branches[3], "").await.expect(404);
    chat.restore_branch(&branches[3]).await.expect(200);
    assert_eq!(chat.line(&branches[3]).await, ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn what_is_purged_destroyed_or_anothers_is_a_404() {
    let app = spawn().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let (branches, _) = chain(&chat, 3).await;
    chat.delete_branch(&branches[3], "").await.expect(200);
    for branch in [&branches[1], &branches[3], &chat.id, &unknown()] {
        assert_eq!(stranger.restore_branch(branch).await.expect(404).code(), "branch_not_found");
    }
    chat.delete_branch(&branches[3], "?permanent=true").await.expect(200);
    assert_eq!(chat.restore_branch(&branches[3]).await.expect(404).code(), "branch_not_found");
    chat.delete_branch(&branches[2], "").await.expect(200);
    app.clock.advance(DAY);
    assert_eq!(chat.restore_branch(&branches[2]).await.expect(404).code(), "branch_not_found");
    chat.delete_branch(&branches[1], "").await.expect(200);
    app.delete_chat(&chat).await.expect(200);
    for branch in [&branches[1], &chat.id] {
        assert_eq!(chat.restore_branch(branch).await.expect(404).code(), "branch_not_found");
    }
    assert_eq!(chat.restore_branch("x").await.expect(422).field_errors(), ["uuid_parsing path.branch_id"]);
}

#[tokio::test]
async fn the_choice_of_the_user_stays() {
    let app = spawn().await;
    let chat = app.chat();
    let (branches, _) = chain(&chat, 2).await;
    for (choice, expected) in [(None, &branches[2]), (Some(&chat.id), &chat.id)] {
        chat.activate(&chat.id, &branches[2]).await.expect(200);
        chat.delete_branch(&branches[2], "").await.expect(200);
        assert_eq!(chat.tree(&chat.id).await["active_branch_id"], branches[1]);
        if let Some(choice) = choice {
            chat.activate(&chat.id, choice).await.expect(200);
        }
        chat.restore_branch(&branches[2]).await.expect(200);
        assert_eq!(chat.tree(&chat.id).await["active_branch_id"], *expected);
    }
}

#[tokio::test]
async fn the_key_of_what_is_restored_replays_again() {
    let app = spawn().await;
    let chat = app.chat();
    let (_, messages) = chain(&chat, 1).await;
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": messages[0]["response_id"]});
    let keyed = chat.client.with_header("idempotency-key", "k");
    let path = "/api/v1/branches/create-branch";
    let made = keyed.post(path, &body).await.expect(201).json();
    let branch = made["branch_id"].as_str().unwrap();
    chat.delete_branch(branch, "").await.expect(200);
    keyed.post(path, &body).await.expect(404);
    app.clock.advance(Duration::from_secs(60));
    chat.restore_branch(branch).await.expect(200);
    assert_eq!(keyed.post(path, &body).await.expect(201).json(), made);
}
