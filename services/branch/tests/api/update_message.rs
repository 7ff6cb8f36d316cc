use crate::app::{Chat, spawn_app, text, unknown};
use serde_json::{Value, json};
use shared_test_kit::Answer;

async fn update(chat: &Chat, response: &str, body: &Value) -> Answer {
    chat.client.put(&format!("/api/v1/messages/update-message/{response}"), body).await
}

#[tokio::test]
async fn metadata_is_replaced_and_texts_stay() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mut message = chat.say(&chat.id, "1").await;
    let id = text(&message["response_id"]);
    let fork = chat.fork(&message["response_id"]).await;
    message["branches"] = json!([fork]);
    message["branch_count"] = json!(1);
    for (metadata, reading) in [
        (json!({"rating": {"$good": true}}), Value::Null),
        (json!({"a": [1, null]}), json!(chat.id)),
        (json!({}), json!(fork)),
    ] {
        let body = json!({"metadata": metadata, "chat_id": reading, "question": "another"});
        message["metadata"] = metadata;
        assert_eq!(update(&chat, &id, &body).await.expect(200).json(), message);
        assert_eq!(chat.get_message(&message["response_id"]).await.expect(200).json(), message);
        let mut inherited = message.clone();
        inherited["inherited"] = json!(true);
        assert_eq!(chat.get_line(&fork, "").await.expect(200).json(), json!([inherited]));
    }
}

#[tokio::test]
async fn invalid_input_is_a_422_and_missing_messages_are_a_404() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let other = app.chat_of(chat.user);
    let message = chat.say(&chat.id, "1").await;
    let id = text(&message["response_id"]);
    for (body, error) in [
        (json!({}), "missing body.metadata"),
        (json!({"metadata": null}), "dict_type body.metadata"),
        (json!({"metadata": []}), "dict_type body.metadata"),
        (json!({"metadata": {"a": "x".repeat(16 << 10)}}), "too_long body.metadata"),
        (json!({"metadata": {}, "chat_id": "x"}), "uuid_parsing body.chat_id"),
    ] {
        assert_eq!(update(&chat, &id, &body).await.expect(422).field_errors(), [error]);
    }
    let body = json!({"metadata": {"a": 1}});
    assert_eq!(update(&chat, "x", &body).await.expect(422).field_errors(), ["uuid_parsing path.response_id"]);
    assert_eq!(update(&chat, &unknown(), &body).await.expect(404).code(), "message_not_found");
    assert_eq!(update(&stranger, &id, &body).await.expect(404).code(), "message_not_found");
    for (reading, code) in
        [(&other.id, "message_not_found"), (&stranger.id, "chat_not_found"), (&unknown(), "chat_not_found")]
    {
        let body = json!({"metadata": {"a": 1}, "chat_id": reading});
        assert_eq!(update(&chat, &id, &body).await.expect(404).code(), code);
    }
    assert_eq!(chat.get_message(&message["response_id"]).await.expect(200).json(), message);
    app.delete_chat(&chat).await.expect(200);
    assert_eq!(update(&chat, &id, &body).await.expect(404).code(), "message_not_found");
}
