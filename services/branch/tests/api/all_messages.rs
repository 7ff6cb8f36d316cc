use crate::app::{questions, spawn_app};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use shared::ids::UserId;
use std::time::Duration;

#[tokio::test]
async fn a_user_sees_the_own_messages_of_all_chats_newest_first() {
    let app = spawn_app().await;
    let user = UserId::generate();
    let (one, two, other) = (app.chat_of(user), app.chat_of(user), app.chat());
    for (chat, question) in [(&one, "1"), (&two, "2"), (&other, "not mine"), (&one, "3"), (&two, "4")] {
        chat.say(&chat.id, question).await;
        app.clock.advance(Duration::from_micros(1));
    }
    let all = one.client.get("/api/v1/messages/all-messages").await.expect(200);
    assert_eq!(questions(&all), ["4", "3", "2", "1"]);
    assert_eq!(all.next(), None);
    assert_eq!(all.json()[0]["chat_id"], two.id);

    let page = one.client.get("/api/v1/messages/all-messages/?limit=3").await.expect(200);
    assert_eq!(questions(&page), ["4", "3", "2"]);
    one.say(&one.id, "5").await;
    let next = one.client.get(&page.next().unwrap()).await.expect(200);
    assert_eq!((questions(&next), next.next()), (vec!["1".to_owned()], None));
}

#[tokio::test]
async fn messages_with_equal_times_are_each_listed_once() {
    let app = spawn_app().await;
    let chat = app.chat();
    for question in 0..7 {
        chat.say(&chat.id, &question.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut path = Some("/api/v1/messages/all-messages?limit=2".to_owned());
    while let Some(at) = path {
        let page = chat.client.get(&at).await.expect(200);
        seen.extend(questions(&page));
        path = page.next();
    }
    seen.sort_unstable();
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn deleted_messages_are_not_listed_and_do_not_end_the_list() {
    let app = spawn_app().await;
    let user = UserId::generate();
    let (kept, deleted) = (app.chat_of(user), app.chat_of(user));
    kept.say(&kept.id, "kept").await;
    for question in 0..30 {
        app.clock.advance(Duration::from_micros(1));
        deleted.say(&deleted.id, &question.to_string()).await;
    }
    app.delete_chat(&deleted).await.expect(200);
    let mut seen = Vec::new();
    let mut path = Some("/api/v1/messages/all-messages?limit=2".to_owned());
    while let Some(at) = path {
        let page = kept.client.get(&at).await.expect(200);
        seen.extend(questions(&page));
        path = page.next();
    }
    assert_eq!(seen, ["kept"]);
}

#[tokio::test]
async fn an_invalid_limit_or_cursor_is_a_422() {
    let app = spawn_app().await;
    let chat = app.chat();
    let answer = chat.client.get("/api/v1/messages/all-messages?limit=x&cursor=x").await.expect(422);
    assert_eq!(answer.field_errors(), ["int_parsing query.limit", "value_error query.cursor"]);
    for year in ["-9999", "+262000"] {
        let cursor = json!(["all-messages", {"created_at": format!("{year}-01-01T00:00:00Z"), "id": crate::app::unknown()}]);
        let cursor = URL_SAFE_NO_PAD.encode(cursor.to_string());
        let answer = chat.client.get(&format!("/api/v1/messages/all-messages?cursor={cursor}")).await;
        assert!(matches!(answer.status.as_u16(), 200 | 422), "{}", answer.text);
    }
    assert_eq!(chat.client.get("/api/v1/messages/all-messages").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn an_empty_cursor_is_the_first_page() {
    let app = spawn_app().await;
    let chat = app.chat();
    for question in ["1", "2"] {
        chat.say(&chat.id, question).await;
    }
    for list in [
        "/api/v1/messages/all-messages?limit=1".to_owned(),
        format!("/api/v1/messages/get-messages?limit=1&chat_id={}", chat.id),
        format!("/api/v1/branches/get-branches?limit=1&chat_id={}", chat.id),
    ] {
        let first = chat.client.get(&list).await.expect(200);
        let empty = chat.client.get(&format!("{list}&cursor=")).await.expect(200);
        assert_eq!((empty.json(), empty.next()), (first.json(), first.next()), "{list}");
    }
}
