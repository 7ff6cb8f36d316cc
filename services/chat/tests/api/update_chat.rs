//! `PUT /chats/update-chat/{chat_id}`

use crate::app::{CHATS, spawn_app};
use reqwest::Method;
use serde_json::json;
use shared::ids::ChatId;
use std::collections::HashMap;
use std::time::Duration;

#[tokio::test]
async fn only_the_fields_that_are_sent_change() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let mut expected = ann.get_chat(&id).await.json();
    let settings = json!({"model": "fig-1", "instructions": " \n", "truncation": "disabled"});
    for (field, value) in [
        ("name", json!(" y ")),
        ("chat_type", json!("group")),
        ("active", json!(false)),
        ("pinned", json!(true)),
        ("tags", json!(["b", "A", "a", " ", "🌳".repeat(50)])),
        ("settings", settings),
    ] {
        app.clock.advance(Duration::from_secs(1));
        expected[field] = value.clone();
        expected["updated_at"] = json!(app.clock.now());
        expected["changed_at"] = json!(app.clock.now());
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
    let nulls = ["name", "chat_type", "active", "pinned", "tags", "settings"].map(|name| (name, json!(null)));
    let answer = ann.update_chat(&id, &json!(HashMap::from(nulls))).await;
    assert_eq!(
        answer.expect(422).field_errors(),
        [
            "string_type body.name",
            "string_type body.chat_type",
            "bool_type body.active",
            "bool_type body.pinned",
            "list_type body.tags",
            "model_attributes_type body.settings"
        ]
    );

    for (body, error) in [
        (json!({"name": ""}), "string_too_short body.name"),
        (json!({"name": "🌳".repeat(201)}), "string_too_long body.name"),
        (json!({"name": "\0"}), "value_error body.name"),
        (json!({"chat_type": "club"}), "enum body.chat_type"),
        (json!({"active": "true"}), "bool_type body.active"),
        (json!({"active": 1}), "bool_type body.active"),
        (json!({"pinned": 1}), "bool_type body.pinned"),
        (json!({"tags": ["a", null]}), "string_type body.tags"),
        (json!({"tags": ["a", "a"]}), "value_error body.tags"),
        (json!({"tags": [""]}), "string_too_short body.tags"),
        (json!({"tags": ["🌳".repeat(51)]}), "string_too_long body.tags"),
        (json!({"tags": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}), "too_long body.tags"),
        (json!({"tags": ["\0"]}), "value_error body.tags"),
        (json!({"tags": {}}), "list_type body.tags"),
        (json!({"settings": []}), "model_attributes_type body.settings"),
        (json!({"settings": {"model": ""}}), "string_too_short body.settings.model"),
        (json!({"settings": {"model": "x".repeat(201)}}), "string_too_long body.settings.model"),
        (json!({"settings": {"model": "\0"}}), "value_error body.settings.model"),
        (
            json!({"settings": {"instructions": "x".repeat(16385)}}),
            "string_too_long body.settings.instructions",
        ),
        (json!({"settings": {"instructions": 1}}), "string_type body.settings.instructions"),
        (json!({"settings": {"truncation": "never"}}), "enum body.settings.truncation"),
    ] {
        assert_eq!(ann.update_chat(&id, &body).await.expect(422).field_errors(), [error], "{body}");
    }
    let path = format!("{CHATS}/update-chat/{id}");
    for body in [
        r#"{"name": "\ud800"}"#,
        r#"{"tags": ["\ud800"]}"#,
        r#"{"settings": {"model": "\ud800"}}"#,
        r#"{"settings": {"instructions": "\ud800"}}"#,
    ] {
        let errors = ann.send(Method::PUT, &path, body).await.expect(422).field_errors();
        assert!(errors[0].starts_with("string_unicode body."), "{body}: {errors:?}");
    }
    ann.client.send(Method::PUT, &path, None).await.expect(422);
    ann.update_chat(&id, &json!({"name": "🌳".repeat(200)})).await.expect(200);
    let most = json!({
        "tags": (0..20).map(|n| format!("{n:0>50}")).collect::<Vec<_>>(),
        "settings": {"model": "🌳".repeat(200), "instructions": "🌳".repeat(4096), "truncation": "auto"}
    });
    let chat = ann.update_chat(&id, &most).await.expect(200).json();
    assert_eq!((&chat["tags"], &chat["settings"]), (&most["tags"], &most["settings"]));
}

#[tokio::test]
async fn every_wrong_setting_is_reported_and_nothing_changes() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let chat = ann.get_chat(&id).await.json();
    let body =
        json!({"active": 0, "settings": {"model": "", "instructions": 1, "truncation": "x"}, "name": "y"});

    let answer = ann.update_chat(&id, &body).await.expect(422);

    let errors = [
        "bool_type body.active",
        "string_too_short body.settings.model",
        "string_type body.settings.instructions",
        "enum body.settings.truncation",
    ];
    assert_eq!(answer.field_errors(), errors);
    assert_eq!(ann.get_chat(&id).await.json(), chat);
}

#[tokio::test]
async fn tags_and_settings_are_replaced_whole() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let defaults = json!({"model": null, "instructions": null, "truncation": null});
    let chat = ann.get_chat(&id).await.json();
    assert_eq!((&chat["pinned"], &chat["tags"], &chat["settings"]), (&json!(false), &json!([]), &defaults));
    for (change, field, expected) in [
        (json!({"tags": ["a", "b"]}), "tags", json!(["a", "b"])),
        (json!({"tags": ["c"]}), "tags", json!(["c"])),
        (json!({"tags": []}), "tags", json!([])),
        (
            json!({"settings": {"model": "fig-1", "truncation": "auto"}}),
            "settings",
            json!({"model": "fig-1", "instructions": null, "truncation": "auto"}),
        ),
        (
            json!({"settings": {"instructions": "", "model": null, "temperature": 2}}),
            "settings",
            json!({"model": null, "instructions": "", "truncation": null}),
        ),
        (json!({"settings": {}}), "settings", defaults),
    ] {
        assert_eq!(ann.update_chat(&id, &change).await.expect(200).json()[field], expected, "{change}");
        assert_eq!(ann.get_chat(&id).await.json()[field], expected, "{change}");
    }
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
