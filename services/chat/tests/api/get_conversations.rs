//! `GET /conversations/`

use crate::app::{CONVERSATIONS, column, spawn_app};
use serde_json::json;
use shared::ids::ChatId;
use std::time::Duration;

#[tokio::test]
async fn the_records_of_a_chat_are_listed_newest_first() {
    let app = spawn_app().await;
    let ann = app.user();
    let (chat, other) = (ann.chat("x").await, ann.chat("y").await);
    for name in ["a", "b", "c"] {
        ann.conversation(&chat, name).await;
        ann.conversation(&other, "other").await;
        app.clock.advance(Duration::from_secs(1));
    }
    let list = ann.get_conversations(&format!("?chat_id={}", chat.to_uppercase())).await.expect(200);
    assert_eq!(column(&list, "name"), ["c", "b", "a"]);
    assert_eq!(list.json()[0]["deleted"], false);
    assert_eq!(list.next(), None);
}

#[tokio::test]
async fn a_page_has_50_and_pages_hold_every_record_once() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let mut made = Vec::new();
    for n in 0..51 {
        // All at the same moment.
        made.push(ann.conversation(&chat, &n.to_string()).await);
    }
    made.sort_unstable_by(|one, other| other.cmp(one));
    let first = ann.get_conversations(&format!("?chat_id={chat}")).await.expect(200);
    assert_eq!(column(&first, "id"), made[..50]);
    let next = first.next().unwrap();
    assert!(next.starts_with(&format!("/api/v1/conversations?chat_id={chat}&cursor=")), "{next}");
    assert_eq!(ann.all_pages(&format!("{CONVERSATIONS}?chat_id={chat}"), "id").await, made);
    assert_eq!(ann.all_pages(&format!("{CONVERSATIONS}?limit=7&chat_id={chat}"), "id").await, made);
    let all = ann.get_conversations(&format!("?chat_id={chat}&limit=100000")).await.expect(200);
    assert_eq!(column(&all, "id").len(), 51);
}

#[tokio::test]
async fn writing_while_paging_does_not_shift_pages() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d"] {
        ids.push(ann.conversation(&chat, name).await);
        app.clock.advance(Duration::from_secs(1));
    }
    let first = ann.get_conversations(&format!("?chat_id={chat}&limit=2")).await.expect(200);
    ann.conversation(&chat, "new").await;
    ann.delete_conversation(&ids[2]).await.expect(200);
    ann.delete_conversation(&ids[1]).await.expect(200);
    let second = ann.client.get(&first.next().unwrap()).await.expect(200);
    assert_eq!(column(&second, "name"), ["a"]);
}

#[tokio::test]
async fn the_chat_id_is_required_and_the_chat_must_be_the_callers() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let chat = ann.chat("x").await;
    ann.conversation(&chat, "one").await;
    assert_eq!(ann.get_conversations("").await.expect(422).field_errors(), ["missing query.chat_id"]);
    let answer = ann.get_conversations("?chat_id=x&limit=0&cursor=x").await.expect(422);
    assert_eq!(
        answer.field_errors(),
        ["uuid_parsing query.chat_id", "greater_than_equal query.limit", "value_error query.cursor"]
    );
    assert_eq!(bob.get_conversations(&format!("?chat_id={chat}")).await.expect(404).code(), "chat_not_found");
    bob.get_conversations(&format!("?chat_id={}", ChatId::generate())).await.expect(404);
}

#[tokio::test]
async fn a_cursor_is_valid_for_its_own_chat_only_and_gives_no_access() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let (chat, other) = (ann.chat("x").await, ann.chat("y").await);
    ann.conversation(&chat, "one").await;
    ann.conversation(&chat, "two").await;
    let next = ann.get_conversations(&format!("?chat_id={chat}&limit=1")).await.expect(200).next().unwrap();
    bob.client.get(&next).await.expect(404);
    let answer = ann.client.get(&next.replace(&chat, &other)).await.expect(422);
    assert_eq!(answer.field_errors(), ["value_error query.cursor"]);
    ann.delete_chat(&chat).await.expect(200);
    ann.client.get(&next).await.expect(404);
    assert_eq!(ann.get_conversations(&format!("?chat_id={other}")).await.expect(200).json(), json!([]));
}
