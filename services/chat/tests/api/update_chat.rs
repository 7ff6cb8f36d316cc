//! `PUT /chats/update-chat/{chat_id}`

use crate::app::{CHATS, spawn_app};
use reqwest::Method;
use serde_json::json;
use shared::ids::ChatId;
use std::time::Duration;

#[tokio::test]
async fn only_the_fields_that_are_sent_change() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let mut expected = ann.get_chat(&id).await.json();
    for (field, value) in [("name", json!(" y ")), ("chat_type", json!("group")), ("active", json!(false))] {
        app.clock.advance(Duration::from_secs(1));
        expected[field] = value.clone();
        expected["updated_at"] = json!(app.clock.now());
        let answer = ann.update_chat(&id, &json!({ field: value })).await.expect(200);
        assert_eq!(answer.json(), expected);
        assert_eq!(ann.get_chat(&id).await.json(), expected);
    }
    let body = json!({"name": "z", "chat_type": "personal", "active": true});

    let chat = ann.update_chat(&id.to_uppercase(), &body).await.expect(200).json();

    assert_eq!(
        (&chat["name"], &chat["chat_type"], &chat["active"]),
        (&json!("z"), &json!("personal"), &json!(true))
    );
}

#[tokio::test]
async fn updated_at_never_decreases() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let (_service, ahead) = app.replica(Duration::from_secs(5)).await;
    let first = app.user_at(&ahead, ann.id).update_chat(&id, &json!({"name": "y"})).await.expect(200).json();

    let second = ann.update_chat(&id, &json!({"name": "z"})).await.expect(200).json();

    assert_eq!(second["updated_at"], first["updated_at"]);
    assert_eq!(ann.get_chat(&id).await.json(), second);
}

#[tokio::test]
async fn an_empty_body_and_unknown_fields_change_nothing() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let chat = ann.get_chat(&id).await.json();
    app.clock.advance(Duration::from_secs(1));
    for body in [json!({}), json!({"account_id": "other", "created_at": null, "chat_id": ChatId::generate()})]
    {
        assert_eq!(ann.update_chat(&id, &body).await.expect(200).json(), chat);
    }

    assert_eq!(ann.get_chat(&id).await.json(), chat);
}

#[tokio::test]
async fn null_and_wrong_types_are_a_422() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let answer = ann.update_chat(&id, &json!({"name": null, "chat_type": null, "active": null})).await;
    assert_eq!(
        answer.expect(422).field_errors(),
        ["string_type body.name", "string_type body.chat_type", "bool_type body.active"]
    );

    for (body, error) in [
        (json!({"name": ""}), "string_too_short body.name"),
        (json!({"name": "🌳".repeat(201)}), "string_too_long body.name"),
        (json!({"name": "\0"}), "value_error body.name"),
        (json!({"chat_type": "club"}), "enum body.chat_type"),
        (json!({"active": "true"}), "bool_type body.active"),
        (json!({"active": 1}), "bool_type body.active"),
    ] {
        assert_eq!(ann.update_chat(&id, &body).await.expect(422).field_errors(), [error], "{body}");
    }
    let path = format!("{CHATS}/update-chat/{id}");
    ann.send(Method::PUT, &path, r#"{"name": "\ud800"}"#).await.expect(422);
    ann.client.send(Method::PUT, &path, None).await.expect(422);
    ann.update_chat(&id, &json!({"name": "🌳".repeat(200)})).await.expect(200);
}

#[tokio::test]
async fn another_users_chat_is_a_404_and_is_unchanged() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let id = ann.chat("x").await;
    for body in [json!({"name": "mine"}), json!({})] {
        assert_eq!(bob.update_chat(&id, &body).await.expect(404).code(), "chat_not_found");
        ann.update_chat(&ChatId::generate().to_string(), &body).await.expect(404);
    }
    // A 422 comes before a 404, and errors of the path before those of the body.
    bob.update_chat(&id, &json!({"name": ""})).await.expect(422);

    let answer = bob.update_chat("x", &json!({"name": ""})).await.expect(422);
    assert_eq!(answer.field_errors(), ["uuid_parsing path.chat_id"]);
    assert_eq!(ann.get_chat(&id).await.json()["name"], "x");
}
