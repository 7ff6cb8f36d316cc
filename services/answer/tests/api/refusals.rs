//! What `create-answer` refuses.

use crate::app::{chat, spawn_app, text};
use serde_json::json;
use shared::ids::ResponseId;

#[tokio::test]
async fn what_there_is_not_is_told() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let refused = async |status: u16, code: &str, body| {
        let answer = ann.create(&body).await.expect(status);
        assert_eq!(answer.code(), code);
        answer.json()
    };
    let unknown = ResponseId::generate();
    refused(404, "model_not_found", json!({"chat_id": chat, "question": "x", "model": "fig-1"})).await;
    refused(
        404,
        "message_not_found",
        json!({"chat_id": chat, "question": "x", "parent_response_id": unknown}),
    )
    .await;
    let moved =
        refused(409, "head_moved", json!({"chat_id": chat, "question": "x", "expected_head": unknown})).await;
    assert_eq!(moved["head_response_id"], json!(null));
    let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]);
    refused(422, "unsupported_input", json!({"chat_id": chat, "question": "x", "input_items": image})).await;
    let file = json!([{"role": "user", "content": [{"type": "file", "file_url": "http://10.0.0.1/"}]}]);
    refused(422, "unsupported_input", json!({"chat_id": chat, "question": "x", "input_items": file})).await;
    for wrong in [
        json!({"chat_id": chat, "question": ""}),
        json!({"chat_id": chat, "question": "x", "temperature": 3}),
        json!({"chat_id": chat, "question": "x", "stop": []}),
        json!({"chat_id": chat, "question": "x", "tools": [{"type": "mcp", "server_url": "http://10.0.0.1/"}]}),
        json!({"chat_id": chat, "question": "x", "tools": ["function"]}),
        json!({"chat_id": chat, "question": "x", "max_output_tokens": 0}),
        json!({"chat_id": chat, "question": "x", "input_items": {}}),
        json!({"chat_id": chat, "question": "x", "on_running": "wait"}),
    ] {
        refused(422, "validation_error", wrong).await;
    }
    app.branch_service.delete(&chat);
    refused(404, "chat_not_found", json!({"chat_id": chat, "question": "x"})).await;
    ann.get(&unknown.to_string()).await.expect(404);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_cut_or_refused() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let long = "x".repeat(200_000);
    for number in 0..3 {
        app.branch_service.add_message(&chat, &format!("question {number}"), &long);
    }
    let body = json!({"chat_id": chat, "question": "x", "truncation": "disabled"});
    assert_eq!(ann.create(&body).await.expect(422).code(), "context_too_long");
    app.branch_service.set_settings(json!({"model": null, "instructions": null, "truncation": "disabled"}));
    let body = json!({"chat_id": chat, "question": "x"});
    assert_eq!(ann.create(&body).await.expect(422).code(), "context_too_long");
    let body = json!({"chat_id": chat, "question": "x", "truncation": "auto"});
    let created = ann.create(&body).await.expect(201).json();
    ann.stored(text(&created["response_id"])).await;
    let message = app.branch_service.messages(&chat).pop().unwrap();
    assert_eq!(message["generation"]["dropped_messages"], 3);
}

#[tokio::test]
async fn the_settings_of_the_chat_name_the_model() {
    let (app, chat) = (spawn_app().await, chat());
    app.branch_service
        .set_settings(json!({"model": "fig-1", "instructions": "Be brief", "truncation": null}));
    let ann = app.user();
    let refused = ann.create(&json!({"chat_id": chat, "question": "x"})).await.expect(404);
    assert_eq!(refused.code(), "model_not_found");
    ann.create(&json!({"chat_id": chat, "question": "x", "model": "banyan/echo"})).await.expect(201);
}
