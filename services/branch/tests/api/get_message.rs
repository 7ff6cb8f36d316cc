use crate::app::{spawn_app, unknown};
use serde_json::json;

#[tokio::test]
async fn a_message_tells_what_forks_from_it() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "one").await;
    let mut forks = Vec::new();
    for _ in 0..103 {
        forks.push(chat.fork(&first["response_id"]).await);
    }
    let message = chat.get_message(&first["response_id"]).await.expect(200).json();
    assert_eq!(message["branch_count"], 103);
    // All at one moment, so by their ids.
    forks.sort_unstable();
    assert_eq!(message["branches"], json!(forks[..100]));
    chat.delete_branch(&forks[0], "").await.expect(200);
    let message = chat.get_message(&first["response_id"]).await.expect(200).json();
    assert_eq!((&message["branch_count"], &message["branches"]), (&json!(102), &json!(forks[1..101])));
    let line = chat.get_line(&chat.id, "").await.expect(200).json();
    assert_eq!(line[0], message);
}

#[tokio::test]
async fn an_id_is_accepted_in_both_forms_and_nothing_else() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "one").await;
    let id = first["response_id"].as_str().unwrap();
    let get = async |id: &str| chat.client.get(&format!("/api/v1/messages/get-message/{id}")).await;
    for form in [id.to_uppercase(), id.replace('-', "")] {
        assert_eq!(get(&form).await.expect(200).json(), first);
    }
    get(&unknown()).await.expect(404);
    assert_eq!(get("7").await.expect(422).field_errors(), ["uuid_parsing path.response_id"]);
    let stranger = app.chat();
    assert_eq!(stranger.get_message(&first["response_id"]).await.expect(404).code(), "message_not_found");
}
