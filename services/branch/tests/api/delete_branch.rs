use crate::app::{Chat, spawn_app, spawn_undoable_app, unknown};
use serde_json::{Value, json};

/// A chain of forks of forks, each with one message.
pub async fn chain(chat: &Chat, length: usize) -> (Vec<String>, Vec<Value>) {
    let mut branches = vec![chat.id.clone()];
    let mut messages = vec![chat.say(&chat.id, "0").await];
    for level in 1..=length {
        let branch = chat.fork(&messages[level - 1]["response_id"]).await;
        messages.push(chat.say(&branch, &level.to_string()).await);
        branches.push(branch);
    }
    (branches, messages)
}

#[tokio::test]
async fn a_deleted_branch_is_gone_with_its_messages() {
    let app = spawn_app().await;
    let chat = app.chat();
    let (branches, messages) = chain(&chat, 1).await;
    let answer = chat.delete_branch(&branches[1], "").await.expect(200).json();
    assert!(answer["msg"].is_string());
    chat.delete_branch(&branches[1], "").await.expect(404);
    chat.get_message(&messages[1]["response_id"]).await.expect(404);
    chat.get_line(&branches[1], "").await.expect(404);
    chat.rename(&branches[1], &json!({"name": "x"})).await.expect(404);
    let body = json!({"chat_id": branches[1], "question": "q", "response": "r"});
    chat.post_message(&body).await.expect(404);
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": messages[1]["response_id"]});
    chat.post_branch(&body).await.expect(404);
    assert_eq!(chat.get_message(&messages[0]["response_id"]).await.json()["branch_count"], 0);
    assert_eq!(chat.tree(&chat.id).await["children"], json!([]));
    assert_eq!(chat.line(&chat.id).await, ["0"]);
}

#[tokio::test]
async fn descendants_are_deleted_only_with_cascade() {
    let app = spawn_app().await;
    let chat = app.chat();
    let (branches, messages) = chain(&chat, 4).await;
    let aside = chat.fork(&messages[1]["response_id"]).await;
    let refused = chat.delete_branch(&branches[2], "").await.expect(409);
    assert_eq!(refused.code(), "branch_has_descendants");
    chat.delete_branch(&branches[2], "?cascade=false").await.expect(409);
    assert_eq!(chat.line(&branches[4]).await.len(), 5);
    chat.activate(&chat.id, &branches[4]).await.expect(200);

    chat.delete_branch(&branches[2], "/?cascade=true").await.expect(200);
    for branch in &branches[2..] {
        chat.get_line(branch, "").await.expect(404);
    }
    for message in &messages[2..] {
        chat.get_message(&message["response_id"]).await.expect(404);
    }
    // A descendant was active: now the parent of the branch that was named is.
    let tree = chat.tree(&chat.id).await;
    assert_eq!(tree["active_branch_id"], branches[1]);
    let left: Vec<_> =
        tree["branches"].as_array().unwrap().iter().map(|branch| &branch["branch_id"]).collect();
    assert_eq!(left, [&json!(chat.id), &json!(branches[1]), &json!(aside)]);
    chat.delete_branch(&branches[1], "?cascade=1").await.expect(200);
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], chat.id);
}

#[tokio::test]
async fn a_cascade_deletes_thousands_of_descendants() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    let second = chat.say(&fork, "2").await;
    for _ in 0..1_100 {
        chat.fork(&second["response_id"]).await;
    }
    chat.delete_branch(&fork, "?cascade=true").await.expect(200);
    assert_eq!(chat.tree(&chat.id).await["branches"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_trunk_is_deleted_only_with_its_chat() {
    let app = spawn_app().await;
    let (chat, untouched) = (app.chat(), app.chat());
    chat.say(&chat.id, "1").await;
    for (chat, query) in [(&chat, ""), (&chat, "?cascade=true"), (&untouched, "")] {
        assert_eq!(chat.delete_branch(&chat.id, query).await.expect(409).code(), "branch_is_trunk");
    }
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_objects_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let (branches, _) = chain(&chat, 1).await;
    for branch in [&branches[0], &branches[1], &unknown()] {
        assert_eq!(stranger.delete_branch(branch, "").await.expect(404).code(), "branch_not_found");
    }
    let wrong = chat.delete_branch("x", "?cascade=perhaps").await.expect(422);
    assert_eq!(wrong.field_errors(), ["uuid_parsing path.branch_id"]);
    let wrong = chat.delete_branch(&branches[1], "?cascade=perhaps").await.expect(422);
    assert_eq!(wrong.field_errors(), ["bool_parsing query.cascade"]);
    // A body is ignored.
    let path = format!("/api/v1/branches/delete-branch/{}", branches[1]);
    let text = chat.client.with_header("content-type", "text/plain");
    text.send(reqwest::Method::DELETE, &path, Some("{".to_owned())).await.expect(200);
}

#[tokio::test]
async fn what_is_deleted_for_good_does_not_come_back() {
    let app = spawn_undoable_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let (branches, messages) = chain(&chat, 4).await;
    let aside = chat.fork(&messages[2]["response_id"]).await;
    // It was deleted before, by itself.
    chat.delete_branch(&aside, "").await.expect(200);
    let refused = chat.delete_branch(&branches[2], "?permanent=true").await.expect(409);
    assert_eq!(refused.code(), "branch_has_descendants");
    let refused = chat.delete_branch(&chat.id, "?permanent=true&cascade=true").await.expect(409);
    assert_eq!(refused.code(), "branch_is_trunk");
    // What can be restored, and what went along with it.
    chat.delete_branch(&branches[3], "?cascade=true").await.expect(200);
    chat.delete_branch(&branches[4], "").await.expect(404);
    for branch in [&aside, &branches[4], &branches[1]] {
        let answer = stranger.delete_branch(branch, "?permanent=true&cascade=true").await.expect(404);
        assert_eq!(answer.code(), "branch_not_found");
    }
    chat.delete_branch(&branches[4], "?permanent=true").await.expect(200);
    chat.delete_branch(&branches[4], "?permanent=true").await.expect(404);
    chat.restore_branch(&branches[3]).await.expect(200);
    chat.restore_branch(&branches[4]).await.expect(404);
    // All that is below, and was.
    chat.delete_branch(&branches[2], "?permanent=true&cascade=true").await.expect(200);
    for branch in [&branches[2], &branches[3], &aside] {
        assert_eq!(chat.restore_branch(branch).await.expect(404).code(), "branch_not_found");
    }
    assert_eq!(chat.deleted_branches(&chat.id, "").await.expect(200).text, "[]");
    assert_eq!(chat.line(&branches[1]).await, ["0", "1"]);
    let wrong = chat.delete_branch(&branches[1], "?permanent=perhaps").await.expect(422);
    assert_eq!(wrong.field_errors(), ["bool_parsing query.permanent"]);
    app.delete_chat(&chat).await.expect(200);
    chat.delete_branch(&branches[1], "?permanent=true").await.expect(404);
    chat.delete_branch(&chat.id, "?permanent=true").await.expect(404);
}
