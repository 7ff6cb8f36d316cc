//! `GET /chats/get-chat` with conditions: `active`, `pinned`, `tag` and `q`.

use crate::app::{CHATS, User, column, spawn_app, text};
use crate::database::OldChat;
use serde_json::{Value, json};
use shared::ids::ChatId;
use std::time::Duration;

async fn names(user: &User, query: &str) -> Vec<String> {
    column(&user.get_chats(query).await.expect(200), "name")
}

#[tokio::test]
async fn conditions_combine_with_each_other_and_with_pages() {
    let app = spawn_app().await;
    let (ann, bob) = (app.user(), app.user());
    let mut all = Vec::new();
    for n in 0..48 {
        let id = ann.chat(&format!("{} {n}", if n % 4 < 2 { "Tree" } else { "Bird" })).await;
        let tag = if n % 2 == 0 { "a" } else { "A" };
        let change = json!({"active": n % 3 > 0, "pinned": n % 5 == 0, "tags": ["all", tag]});
        all.insert(0, ann.update_chat(&id, &change).await.expect(200).json());
        let id = bob.chat("Tree").await;
        bob.update_chat(&id, &json!({"pinned": true, "tags": ["a"]})).await.expect(200);
        if n % 3 == 0 {
            app.clock.advance(Duration::from_secs(1));
        }
    }
    let sort_key = |chat: &Value| (text(&chat["created_at"]).to_owned(), text(&chat["chat_id"]).to_owned());
    all.sort_by_key(|chat| std::cmp::Reverse(sort_key(chat)));
    for (active, pinned, tag, q) in combinations() {
        let matches = |chat: &&Value| {
            active.is_none_or(|active| chat["active"] == active)
                && pinned.is_none_or(|pinned| chat["pinned"] == pinned)
                && tag.is_none_or(|tag| chat["tags"].as_array().unwrap().contains(&json!(tag)))
                && q.is_none_or(|q| text(&chat["name"]).to_lowercase().contains(q))
        };
        let expected: Vec<_> = all.iter().filter(matches).map(|chat| text(&chat["name"])).collect();
        let mut query = String::new();
        query.extend(active.map(|active| format!("&active={active}")));
        query.extend(pinned.map(|pinned| format!("&pinned={pinned}")));
        query.extend(tag.map(|tag| format!("&tag={tag}")));
        query.extend(q.map(|q| format!("&q={q}")));
        for limit in [1, 7, 48] {
            let path = format!("{CHATS}/get-chat?limit={limit}{query}");
            assert_eq!(ann.all_pages(&path, "name").await, expected, "{path}");
        }
    }
}

type Conditions = (Option<bool>, Option<bool>, Option<&'static str>, Option<&'static str>);

fn combinations() -> Vec<Conditions> {
    let (flags, tags, parts) = ([None, Some(true), Some(false)], [None, Some("A")], [None, Some("tree")]);
    let mut all = Vec::new();
    for active in flags {
        for pinned in flags {
            for tag in tags {
                all.extend(parts.map(|part| (active, pinned, tag, part)));
            }
        }
    }
    all
}

#[tokio::test]
async fn a_part_of_a_name_is_found_whatever_its_case_and_composition() {
    let app = spawn_app().await;
    let ann = app.user();
    for name in ["Straße", "İzmir", "Zoe\u{308}", "50%_\\ off", "a+b&c"] {
        ann.chat(name).await;
        app.clock.advance(Duration::from_secs(1));
    }
    for (q, found) in [
        ("STRASSE", &["Straße"][..]),
        ("stra%E1%BA%9Ee", &["Straße"]),
        ("%C4%B0ZM", &["İzmir"]),
        ("i%CC%87z", &["İzmir"]),
        ("ZO%C3%8B", &["Zoe\u{308}"]),
        ("zoe%CC%88", &["Zoe\u{308}"]),
        ("zoe", &[]),
        ("%25", &["50%_\\ off"]),
        ("_", &["50%_\\ off"]),
        ("%5C", &["50%_\\ off"]),
        ("0%25_%5C+O", &["50%_\\ off"]),
        ("a%2Bb%26c", &["a+b&c"]),
        ("s_r", &[]),
        ("%2525", &[]),
    ] {
        assert_eq!(names(&ann, &format!("?q={q}")).await, found, "{q}");
    }
    assert_eq!(names(&ann, "?q=").await.len(), 5);
}

#[tokio::test]
async fn a_tag_is_found_by_its_exact_text() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    ann.update_chat(&chat, &json!({"tags": ["Tree", "\"], [\"", "é"]})).await.expect(200);
    for (tag, is_found) in [
        ("Tree", true),
        ("tree", false),
        ("Tre", false),
        ("%22%5D%2C+%5B%22", true),
        ("%C3%A9", true),
        ("e%CC%81", false),
    ] {
        assert_eq!(names(&ann, &format!("?tag={tag}")).await.len(), usize::from(is_found), "{tag}");
    }
}

#[tokio::test]
async fn the_link_has_each_condition_in_its_one_form() {
    let app = spawn_app().await;
    let ann = app.user();
    for _ in 0..2 {
        let chat = ann.chat("a Ä/b").await;
        ann.update_chat(&chat, &json!({"tags": ["x y"], "pinned": true})).await.expect(200);
    }
    let sent = "?tag=x+y&pinned=1&q=%C3%84%2fB&unknown=1&active=yes&limit=0001";

    let next = ann.get_chats(sent).await.expect(200).next().unwrap();

    let kept = "tag=x%20y&pinned=true&q=%C3%84%2FB&active=true&limit=1";
    assert!(next.starts_with(&format!("/api/v1/chats/get-chat?{kept}&cursor=")), "{next}");
    assert_eq!(ann.client.get(&next).await.expect(200).json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn invalid_conditions_are_a_422() {
    let app = spawn_app().await;
    let ann = app.user();
    for (query, error) in [
        ("pinned=perhaps".to_owned(), "bool_parsing query.pinned"),
        ("pinned=".to_owned(), "bool_parsing query.pinned"),
        ("tag=".to_owned(), "string_too_short query.tag"),
        (format!("tag={}", "x".repeat(51)), "string_too_long query.tag"),
        ("tag=%00".to_owned(), "value_error query.tag"),
        ("tag=%FF".to_owned(), "string_unicode query.tag"),
        (format!("q={}", "x".repeat(201)), "string_too_long query.q"),
        ("q=a%00".to_owned(), "value_error query.q"),
        ("q=%ED%A0%80".to_owned(), "string_unicode query.q"),
    ] {
        assert_eq!(ann.get_chats(&format!("?{query}")).await.expect(422).field_errors(), [error], "{query}");
    }
    let longest = format!("?tag={}&q={}", "%F0%9F%8C%B3".repeat(50), "%F0%9F%8C%B3".repeat(200));
    assert_eq!(ann.get_chats(&longest).await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn a_page_ends_after_2048_chats_that_do_not_match() {
    let app = spawn_app().await;
    let ann = app.user();
    let start = app.clock.now();
    let chat = |n: u64, name: &str| OldChat::new(ann.id, name, start.plus(Duration::from_secs(n)));
    let mut chats: Vec<_> = (1..=5_000).map(|n| chat(n, "other")).collect();
    chats.push(chat(0, "tree"));
    app.insert_old_chats(chats).await;
    let mut pages = Vec::new();
    let mut next = Some(format!("{CHATS}/get-chat?q=TREE&limit=1"));
    while let Some(path) = next {
        let page = ann.client.get(&path).await.expect(200);
        pages.push(column(&page, "name"));
        next = page.next();
    }

    assert_eq!(pages, [&[][..], &[], &["tree"]]);
    assert_eq!(names(&ann, "?q=tree&pinned=true").await, Vec::<String>::new());
    assert_eq!(ann.all_pages(&format!("{CHATS}/get-chat?q=o&limit=200"), "name").await.len(), 5_000);
}

#[tokio::test]
async fn a_page_ends_before_the_chat_that_would_cross_a_mebibyte_of_texts() {
    let app = spawn_app().await;
    let ann = app.user();
    let mut all: Vec<ChatId> = Vec::new();
    let change = json!({"settings": {"instructions": "x".repeat(16 << 10)}});
    for _ in 0..70 {
        let chat = ann.chat("x").await;
        ann.update_chat(&chat, &change).await.expect(200);
        all.insert(0, ChatId::from(shared::ids::parse_uuid(&chat).unwrap()));
        app.clock.advance(Duration::from_secs(1));
    }

    let page = ann.get_chats("").await.expect(200);

    // With the name each has a byte more than a 64th.
    assert_eq!(column(&page, "chat_id").len(), 63);
    let all: Vec<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!(ann.all_pages(&format!("{CHATS}/get-chat"), "chat_id").await, all);
}
