use crate::app::{Chat, questions, spawn_app, unknown};
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

/// The questions of all pages of a list.
async fn all_pages(chat: &Chat, query: &str) -> Vec<String> {
    let mut seen = Vec::new();
    let mut path = Some(format!("/api/v1/messages/all-messages?limit=2{query}"));
    while let Some(at) = path {
        let page = chat.client.get(&at).await.expect(200);
        seen.extend(questions(&page));
        path = page.next();
    }
    seen
}

#[tokio::test]
async fn a_chats_messages_are_listed_in_either_order() {
    let app = spawn_app().await;
    let user = UserId::generate();
    let (chat, other) = (app.chat_of(user), app.chat_of(user));
    let first = chat.say(&chat.id, "1").await;
    let fork = chat.fork(&first["response_id"]).await;
    for (chat, branch, question) in [
        (&chat, &fork, "2"),
        (&other, &other.id, "other"),
        (&chat, &chat.id, "3"),
        (&chat, &fork, "4"),
        (&chat, &chat.id, "5"),
    ] {
        app.clock.advance(Duration::from_micros(1));
        chat.say(branch, question).await;
    }
    for id in [&chat.id, &fork] {
        assert_eq!(all_pages(&chat, &format!("&chat_id={id}")).await, ["5", "4", "3", "2", "1"]);
        assert_eq!(all_pages(&chat, &format!("&chat_id={id}&order=asc")).await, ["1", "2", "3", "4", "5"]);
    }
    assert_eq!(all_pages(&chat, "&order=asc").await, ["1", "2", "other", "3", "4", "5"]);
    chat.delete_branch(&fork, "").await.expect(200);
    assert_eq!(all_pages(&chat, &format!("&chat_id={}&order=asc", chat.id)).await, ["1", "3", "5"]);
    let empty = app.chat_of(user);
    assert!(all_pages(&empty, &format!("&chat_id={}", empty.id)).await.is_empty());
}

#[tokio::test]
async fn a_foreign_unknown_or_deleted_chat_has_no_list() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    for question in ["1", "2"] {
        stranger.say(&stranger.id, question).await;
    }
    let list = |chat: String| format!("/api/v1/messages/all-messages?limit=1&chat_id={chat}");
    for id in [&stranger.id, &app.chat().id, &unknown()] {
        let answer = chat.client.get(&list(id.clone())).await.expect(404);
        assert_eq!(answer.code(), "chat_not_found");
    }
    let wrong = chat.client.get(&format!("{}&order=up", list("7".to_owned()))).await.expect(422);
    assert_eq!(wrong.field_errors(), ["uuid_parsing query.chat_id", "enum query.order"]);
    let page = stranger.client.get(&list(stranger.id.clone())).await.expect(200);
    app.delete_chat(&stranger).await.expect(200);
    stranger.client.get(&page.next().unwrap()).await.expect(404);
}

#[tokio::test]
async fn a_cursor_is_of_one_chat_and_one_order() {
    let app = spawn_app().await;
    let chat = app.chat();
    for question in ["1", "2", "3"] {
        chat.say(&chat.id, question).await;
    }
    let list =
        async |query: &str| chat.client.get(&format!("/api/v1/messages/all-messages?limit=1{query}")).await;
    let of_chat = format!("&chat_id={}", chat.id);
    let cursor = list(&of_chat).await.expect(200).header("x-next-cursor").to_owned();
    list(&format!("{of_chat}&cursor={cursor}")).await.expect(200);
    for query in [String::new(), format!("{of_chat}&order=asc"), format!("&chat_id={}", unknown())] {
        let wrong = list(&format!("{query}&cursor={cursor}")).await.expect(422);
        assert_eq!(wrong.field_errors(), ["value_error query.cursor"], "{query}");
    }
    // One of an older version.
    let position = json!({"created_at": "2999-01-01T00:00:00Z", "id": unknown()});
    let cursor = URL_SAFE_NO_PAD.encode(json!(["all-messages", position]).to_string());
    assert_eq!(questions(&list(&format!("&cursor={cursor}")).await.expect(200)), ["3"]);
}
