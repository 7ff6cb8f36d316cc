//! `GET /chats/get-chat`

use crate::app::{CHATS, column, spawn_app, text};
use serde_json::json;
use shared::clock::Timestamp;
use shared::ids::ChatId;
use shared_web::page::{Cursor, TimeKey};
use std::time::Duration;

#[tokio::test]
async fn only_the_callers_chats_are_listed_newest_first() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    assert_eq!(ann.get_chats("").await.expect(200).json(), json!([]));

    for name in ["a", "b", "c"] {
        ann.chat(name).await;
        bob.chat("bob's").await;
        app.clock.advance(Duration::from_secs(1));
    }
    let list = ann.get_chats("").await.expect(200);
    assert_eq!(column(&list, "name"), ["c", "b", "a"]);

    let chats = list.json();
    assert_eq!(chats[0], ann.get_chat(text(&chats[0]["chat_id"])).await.json());
    assert_eq!(list.next(), None);
}

#[tokio::test]
async fn the_parameter_active_selects_active_or_archived_chats() {
    let app = spawn_app().await;
    let ann = app.user();
    for n in 0..6 {
        let chat = ann.chat(&n.to_string()).await;
        if n % 2 == 0 {
            ann.update_chat(&chat, &json!({"active": false})).await.expect(200);
        }
        app.clock.advance(Duration::from_secs(1));
    }
    let names = async |query: &str| column(&ann.get_chats(query).await.expect(200), "name");
    assert_eq!(names("?active=true").await, ["5", "3", "1"]);
    assert_eq!(names("?active=0").await, ["4", "2", "0"]);
    assert_eq!(names("").await.len(), 6);

    let paged = ann.all_pages(&format!("{CHATS}/get-chat?active=false&limit=1"), "name").await;
    assert_eq!(paged, ["4", "2", "0"]);

    let answer = ann.get_chats("?active=perhaps").await.expect(422);
    assert_eq!(answer.field_errors(), ["bool_parsing query.active"]);
}

#[tokio::test]
async fn pages_hold_every_chat_once_even_with_equal_times() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut made = Vec::new();
    for n in 0..12 {
        made.push((n / 5, ann.chat(&n.to_string()).await));
        if n % 5 == 4 {
            app.clock.advance(Duration::from_secs(1));
        }
    }
    made.sort_unstable_by(|one, other| other.cmp(one));
    let expected: Vec<_> = made.into_iter().map(|(_, id)| id).collect();
    for limit in [1, 2, 5, 12, 13] {
        let path = format!("{CHATS}/get-chat?limit={limit}");
        assert_eq!(ann.all_pages(&path, "chat_id").await, expected, "{limit}");
    }
}

#[tokio::test]
async fn writing_while_paging_does_not_shift_pages() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(ann.chat(name).await);
        app.clock.advance(Duration::from_secs(1));
    }
    let first = ann.get_chats("?limit=2").await.expect(200);
    assert_eq!(column(&first, "name"), ["e", "d"]);

    ann.chat("new").await;
    ann.update_chat(&ids[1], &json!({"active": false})).await.expect(200);
    // The last chat of the page, after which the next one begins, may be deleted meanwhile.
    ann.delete_chat(&ids[3]).await.expect(200);
    let second = ann.client.get(&first.next().unwrap()).await.expect(200);
    assert_eq!(column(&second, "name"), ["c", "b"]);

    let third = ann.client.get(&second.next().unwrap()).await.expect(200);
    assert_eq!(column(&third, "name"), ["a"]);
    assert_eq!(third.next(), None);
}

#[tokio::test]
async fn the_link_repeats_only_the_parameters_of_the_list() {
    let app = spawn_app().await;
    let ann = app.user();
    ann.chat("a").await;
    ann.chat("b").await;
    for (sent, kept) in [
        ("/?active=true&x=%20y&limit=1", "active=true&limit=1"),
        ("?limit=1&active=%74rue&limit=001", "limit=1&active=true"),
        ("?x&limit=1&&", "limit=1"),
    ] {
        let next = ann.get_chats(sent).await.expect(200).next().unwrap();
        assert!(next.starts_with(&format!("/api/v1/chats/get-chat?{kept}&cursor=")), "{next}");
    }
}

#[tokio::test]
async fn a_list_has_at_most_1000_chats_without_a_limit_and_at_most_200_with_one() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut made = Vec::new();
    for n in 0..1001 {
        made.push(ann.chat(&n.to_string()).await);
    }
    let first = ann.get_chats("").await.expect(200);
    assert_eq!(first.json().as_array().unwrap().len(), 1000);

    let second = ann.client.get(&first.next().unwrap()).await.expect(200);
    assert_eq!(second.json().as_array().unwrap().len(), 1);
    assert_eq!(second.next(), None);

    for limit in ["200", "201", "1000000000000000000000"] {
        let page = ann.get_chats(&format!("?limit={limit}")).await.expect(200);
        assert_eq!(page.json().as_array().unwrap().len(), 200, "{limit}");
    }
    made.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(ann.all_pages(&format!("{CHATS}/get-chat?limit=200"), "chat_id").await, made);
}

#[tokio::test]
async fn an_empty_cursor_is_the_first_page() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("a").await;
    ann.chat("b").await;
    ann.conversation(&chat, "one").await;
    ann.conversation(&chat, "two").await;
    for list in [format!("{CHATS}/get-chat?limit=1"), format!("/api/v1/conversations?chat_id={chat}&limit=1")]
    {
        let first = ann.client.get(&list).await.expect(200);
        let empty = ann.client.get(&format!("{list}&cursor=")).await.expect(200);
        assert_eq!((empty.json(), empty.next()), (first.json(), first.next()), "{list}");
        assert!(first.next().is_some(), "{list}");
    }
}

#[tokio::test]
async fn an_invalid_limit_or_cursor_is_a_422() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("a").await;
    for (limit, kind) in [
        ("0", "greater_than_equal"),
        ("-1", "greater_than_equal"),
        ("1.5", "int_parsing"),
        ("", "int_parsing"),
        ("ten", "int_parsing"),
    ] {
        let answer = ann.get_chats(&format!("?limit={limit}")).await.expect(422);
        assert_eq!(answer.field_errors(), [format!("{kind} query.limit")]);
    }
    ann.conversation(&chat, "one").await;
    ann.conversation(&chat, "two").await;
    let records = ann.get_conversations(&format!("?chat_id={chat}&limit=1")).await.expect(200);
    let of_another_list = records.next().unwrap().rsplit_once('=').unwrap().1.to_owned();
    for cursor in ["x", "bm8", "%00", &chat, &of_another_list, "eyJ4IjoxfQ"] {
        let answer = ann.get_chats(&format!("?cursor={cursor}")).await.expect(422);
        assert_eq!(answer.field_errors(), ["value_error query.cursor"], "{cursor}");
    }

    let answer = ann.get_chats("?limit=0&cursor=x&active=x").await.expect(422);

    assert_eq!(answer.field_errors().len(), 3);
}

#[tokio::test]
async fn a_list_by_activity_begins_with_the_chat_in_which_something_was_said_last() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut chats = Vec::new();
    for name in ["a", "b", "c", "d"] {
        chats.push(ann.chat(name).await);
        app.clock.advance(Duration::from_secs(1));
    }
    let (later, latest) = (app.clock.now(), app.clock.now().plus(Duration::from_secs(9)));
    app.report_message(&chats[1], latest).await;
    app.report_message(&chats[0], later).await;
    ann.update_chat(&chats[2], &json!({"pinned": true})).await.expect(200);
    let names = async |query: &str| column(&ann.get_chats(query).await.expect(200), "name");

    assert_eq!(names("?order=activity").await, ["b", "a", "d", "c"]);
    for query in ["", "?order=created"] {
        assert_eq!(names(query).await, ["d", "c", "b", "a"], "{query}");
    }
    assert_eq!(names("?order=activity&active=true&q=A").await, ["a"]);
    assert_eq!(names("?order=activity&pinned=true").await, ["c"]);
    for limit in [1, 3, 4] {
        let path = format!("{CHATS}/get-chat?order=activity&limit={limit}");
        assert_eq!(ann.all_pages(&path, "name").await, ["b", "a", "d", "c"], "{limit}");
    }
    let answer = ann.get_chats("?order=name").await.expect(422);
    assert_eq!(answer.field_errors(), ["enum query.order"]);
}

#[tokio::test]
async fn a_cursor_belongs_to_its_order() {
    let app = spawn_app().await;
    let ann = app.user();
    for name in ["a", "b", "c"] {
        ann.chat(name).await;
    }
    let cursor_of = async |query: &str| {
        ann.get_chats(&format!("?limit=1{query}")).await.expect(200).header("x-next-cursor").to_owned()
    };
    for (of, others) in [("", ["&order=activity"]), ("&order=activity", ["&order=created"])] {
        let cursor = cursor_of(of).await;
        ann.get_chats(&format!("?cursor={cursor}{of}")).await.expect(200);
        for other in others.into_iter().chain(Some("").filter(|other| *other != of)) {
            let answer = ann.get_chats(&format!("?cursor={cursor}{other}")).await.expect(422);
            assert_eq!(answer.field_errors(), ["value_error query.cursor"], "{of} {other}");
        }
    }
    let created = cursor_of("").await;
    ann.get_chats(&format!("?cursor={created}&order=created")).await.expect(200);
}

/// The form of the service's own cursors.
#[derive(serde::Serialize, serde::Deserialize)]
struct ListCursor(TimeKey);

impl Cursor for ListCursor {
    const KIND: &'static str = "chats";
}

#[tokio::test]
async fn a_forged_cursor_is_a_position_or_a_422_but_never_a_500() {
    let app = spawn_app().await;
    let ann = app.user();
    ann.chat("a").await;
    let id = ChatId::generate().as_uuid();
    let late = Timestamp::from_micros(253_402_300_799_000_000).unwrap();
    let cursor = ListCursor(TimeKey { created_at: late, id }).encode();
    assert_eq!(ann.get_chats(&format!("?cursor={cursor}")).await.expect(200).json()[0]["name"], "a");

    for micros in [-70_000_000_000_000_000, 8_000_000_000_000_000_000] {
        let created_at = Timestamp::from_micros(micros).unwrap();
        let cursor = ListCursor(TimeKey { created_at, id }).encode();
        ann.get_chats(&format!("?cursor={cursor}")).await.expect(422);
    }
}

#[tokio::test]
async fn another_users_cursor_gives_no_access() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    for _ in 0..3 {
        ann.chat("ann's").await;
        bob.chat("bob's").await;
        app.clock.advance(Duration::from_secs(1));
    }
    let next = ann.get_chats("?limit=1").await.expect(200).next().unwrap();

    let seen = column(&bob.client.get(&next).await.expect(200), "name");

    assert!(seen.iter().all(|name| name == "bob's"));
}
