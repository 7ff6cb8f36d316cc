use crate::app::{spawn_app, text, unknown};
use serde_json::json;

#[tokio::test]
async fn a_branch_is_the_one_of_the_tree() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    chat.say(&fork, "2").await;
    chat.activate(&chat.id, &fork).await.expect(200);
    let tree = chat.tree(&chat.id).await;
    for branch in tree["branches"].as_array().unwrap() {
        assert_eq!(chat.get_branch(&text(&branch["branch_id"])).await.expect(200).json(), *branch);
    }
    let fork = chat.get_branch(&fork).await.expect(200).json();
    assert_eq!((&fork["active"], &fork["message_count"]), (&json!(true), &json!(1)));
}

#[tokio::test]
async fn a_chat_without_messages_has_its_trunk() {
    let app = spawn_app().await;
    let chat = app.chat();
    let trunk = chat.get_branch(&chat.id).await.expect(200).json();
    assert_eq!(trunk, chat.tree(&chat.id).await["branches"][0]);
    assert_eq!((&trunk["branch_id"], &trunk["head_response_id"]), (&json!(chat.id), &json!(null)));
}

#[tokio::test]
async fn foreign_unknown_and_deleted_branches_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let first = chat.say(&chat.id, "1").await;
    let (fork, gone) = (chat.fork(&first["response_id"]).await, chat.fork(&first["response_id"]).await);
    chat.delete_branch(&gone, "").await.expect(200);
    stranger.say(&stranger.id, "1").await;
    let untouched = app.chat();
    for id in [&stranger.id, &untouched.id, &gone, &unknown()] {
        assert_eq!(chat.get_branch(id).await.expect(404).code(), "branch_not_found");
    }
    assert_eq!(chat.get_branch("7").await.expect(422).field_errors(), ["uuid_parsing path.branch_id"]);
    app.delete_chat(&chat).await.expect(200);
    for id in [&chat.id, &fork] {
        assert_eq!(chat.get_branch(id).await.expect(404).code(), "branch_not_found");
    }
}
