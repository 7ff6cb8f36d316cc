//! `GET /chats/get-chat/{chat_id}`

use crate::app::{CHATS, spawn_app};
use reqwest::Method;
use serde_json::Value;
use shared::ids::ChatId;

#[tokio::test]
async fn an_id_is_accepted_in_both_forms_and_returned_hyphenated() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    for form in [&id, &id.to_uppercase(), &id.replace('-', ""), &id.replace('-', "").to_uppercase()] {
        assert_eq!(ann.get_chat(form).await.expect(200).json()["chat_id"], id.as_str());
    }
    for wrong in
        ["x", "7", &format!("urn:uuid:{id}"), &format!("{{{id}}}"), &id[1..], &format!("{id}0"), "%C3%A9"]
    {
        let answer = ann.get_chat(wrong).await.expect(422);
        assert!(answer.field_errors()[0].ends_with("path.chat_id"), "{wrong}");
    }

    // This is no path in normal form.
    assert_eq!(ann.get_chat("%00").await.expect(400).code(), "invalid_path");
}

#[tokio::test]
async fn another_users_chat_is_answered_like_a_missing_one() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let id = ann.chat("x").await;
    let without_request_id = |mut body: Value| {
        body.as_object_mut().unwrap().remove("request_id");
        body
    };
    let theirs = bob.get_chat(&id).await.expect(404);

    let none = bob.get_chat(&ChatId::generate().to_string()).await.expect(404);

    assert_eq!(without_request_id(theirs.json()), without_request_id(none.json()));
    assert_eq!(theirs.code(), "chat_not_found");
    assert_eq!(theirs.json()["detail"], "Chat not found");
}

#[tokio::test]
async fn head_answers_with_the_status_of_get_and_no_body() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.chat("x").await;
    let answer = ann.client.send(Method::HEAD, &format!("{CHATS}/get-chat/{id}"), None).await.expect(200);
    assert_eq!(answer.text, "");

    let absent = format!("{CHATS}/get-chat/{}", ChatId::generate());
    ann.client.send(Method::HEAD, &absent, None).await.expect(404);
}
