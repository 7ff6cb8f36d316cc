//! `POST /chats/create-chat`

use crate::app::{CHATS, spawn_app, text};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_created_chat_is_read_back_unchanged() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.create_chat(&json!({"name": "Trees", "chat_type": "group"})).await.expect(201).json();
    let created_at = text(&chat["created_at"]);
    assert_eq!(created_at.len(), "2026-01-31T12:00:00.000000Z".len());
    assert!(created_at.ends_with('Z'));

    let expected = json!({
        "chat_id": chat["chat_id"], "account_id": ann.id, "chat_type": "group", "name": "Trees",
        "created_at": created_at, "updated_at": created_at, "active": true, "pinned": false, "tags": [],
        "settings": {"model": null, "instructions": null, "truncation": null}, "forked_from": null,
    });
    assert_eq!(chat, expected);
    assert_eq!(ann.get_chat(text(&chat["chat_id"])).await.expect(200).json(), expected);
}

#[tokio::test]
async fn the_type_is_one_of_two_and_personal_by_default() {
    let app = spawn_app().await;
    let ann = app.user();
    assert_eq!(ann.create_chat(&json!({"name": "x"})).await.expect(201).json()["chat_type"], "personal");

    for (wrong, kind) in [
        (json!("Personal"), "enum"),
        (json!(""), "enum"),
        (json!(null), "string_type"),
        (json!(1), "string_type"),
    ] {
        let answer = ann.create_chat(&json!({"name": "x", "chat_type": wrong})).await.expect(422);
        assert_eq!(answer.field_errors(), [format!("{kind} body.chat_type")]);
    }
}

#[tokio::test]
async fn a_name_has_1_to_200_characters_and_is_stored_unchanged() {
    let app = spawn_app().await;
    let ann = app.user();
    for name in ["x", " ", " \t a \n", "é\u{301}", "%_'\"\\;--", &"x".repeat(200), &"🌳".repeat(200)] {
        let chat = ann.create_chat(&json!({"name": name})).await.expect(201).json();
        assert_eq!(ann.get_chat(text(&chat["chat_id"])).await.json()["name"], name);
    }
    let refused = [
        (json!({"name": ""}), "string_too_short"),
        (json!({"name": "x".repeat(201)}), "string_too_long"),
        (json!({"name": "🌳".repeat(201)}), "string_too_long"),
        (json!({"name": "a\0b"}), "value_error"),
        (json!({"name": null}), "string_type"),
        (json!({"name": 1}), "string_type"),
        (json!({"name": ["x"]}), "string_type"),
        (json!({}), "missing"),
    ];
    for (body, kind) in refused {
        let answer = ann.create_chat(&body).await.expect(422);
        assert_eq!(answer.field_errors(), [format!("{kind} body.name")], "{body}");
        assert!(!answer.text.contains("xxx"), "the input is not echoed");
    }

    assert_eq!(ann.get_chats("").await.json().as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_body_that_is_no_object_or_has_a_lone_surrogate_is_a_422() {
    let app = spawn_app().await;
    let ann = app.user();
    let path = format!("{CHATS}/create-chat");
    for (body, error) in [
        ("", "missing body"),
        ("{", "json_invalid body.1"),
        ("{\r\n\"name\": \"é\",\r\n\"x\": x}", "json_invalid body.22"),
        ("[]", "model_attributes_type body"),
        ("null", "model_attributes_type body"),
        (r#"{"name": "\ud83c"}"#, "string_unicode body.name"),
        (r#"{"name": "\udf33\ud83c"}"#, "string_unicode body.name"),
        (r#"{"name": "a\u0000"}"#, "value_error body.name"),
    ] {
        assert_eq!(ann.send(Method::POST, &path, body).await.expect(422).field_errors(), [error], "{body}");
    }

    let answer = ann.send(Method::POST, &path, r#"{"name": "\ud83c\udf33"}"#).await.expect(201);

    assert_eq!(answer.json()["name"], "🌳");
}

#[tokio::test]
async fn every_invalid_field_is_reported_and_unknown_ones_are_ignored() {
    let app = spawn_app().await;
    let ann = app.user();
    let answer = ann.create_chat(&json!({"chat_type": "club"})).await.expect(422);
    assert_eq!(answer.field_errors(), ["missing body.name", "enum body.chat_type"]);

    let body = json!({"name": "x", "account_id": "other", "active": false, "chat_id": 1, "deleted_at": [], "pinned": true});
    let chat = ann.create_chat(&body).await.expect(201).json();
    assert_eq!(chat["account_id"], json!(ann.id));
    assert_eq!((&chat["active"], &chat["pinned"]), (&Value::Bool(true), &Value::Bool(false)));
}
