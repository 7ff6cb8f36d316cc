use crate::app::{Chat, questions, spawn_app};
use serde_json::json;
use shared_test_kit::Answer;

/// The pages before a page, up to the beginning of the list, the farthest first.
async fn pages_before(chat: &Chat, mut page: Answer) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    while let Some(previous) = page.previous() {
        page = chat.client.get(&previous).await.expect(200);
        pages.insert(0, questions(&page));
    }
    pages
}

/// The pages after a page, and the last of them.
async fn pages_after(chat: &Chat, mut page: Answer) -> (Vec<Vec<String>>, Answer) {
    let mut pages = Vec::new();
    while let Some(next) = page.next() {
        page = chat.client.get(&next).await.expect(200);
        pages.push(questions(&page));
    }
    (pages, page)
}

async fn chat_of_seven(app: &crate::app::TestApp) -> Chat {
    let chat = app.chat();
    for question in 1..=7 {
        chat.say(&chat.id, &question.to_string()).await;
    }
    chat
}

#[tokio::test]
async fn a_walk_begins_at_a_depth_and_links_both_ways() {
    let app = spawn_app().await;
    let chat = chat_of_seven(&app).await;
    let first = chat.get_line(&chat.id, "&order=asc&from_depth=4&limit=2").await.expect(200);
    assert_eq!(questions(&first), ["4", "5"]);
    let link = first.header("link");
    assert!(link.contains(">; rel=\"next\", </api/v1/messages/get-messages?chat_id="), "{link}");
    assert!(first.previous().unwrap().contains("&order=asc&from_depth=4&limit=2&cursor="), "{link}");
    let (after, last) = pages_after(&chat, first).await;
    assert_eq!(after, [["6", "7"]]);
    assert_eq!(last.header("x-next-cursor"), "");
    let before = pages_before(&chat, last).await;
    assert_eq!(before, [vec!["1"], vec!["2", "3"], vec!["4", "5"]]);

    let first = chat.get_line(&chat.id, "&from_depth=4&limit=2").await.expect(200);
    assert_eq!(questions(&first), ["4", "3"]);
    let (after, last) = pages_after(&chat, first).await;
    assert_eq!(after, [["2", "1"]]);
    assert_eq!(pages_before(&chat, last).await, [vec!["7"], vec!["6", "5"], vec!["4", "3"]]);
}

#[tokio::test]
async fn a_depth_beyond_the_head_is_the_head_or_the_end() {
    let app = spawn_app().await;
    let chat = chat_of_seven(&app).await;
    for depth in ["7", "8", "99999999999999999999999"] {
        let page = chat.get_line(&chat.id, &format!("&from_depth={depth}&limit=2")).await.expect(200);
        assert_eq!((questions(&page), page.previous()), (vec!["7".to_owned(), "6".to_owned()], None));
    }
    let end = chat.get_line(&chat.id, "&from_depth=8&order=asc&limit=3").await.expect(200);
    assert_eq!((end.text.as_str(), end.next()), ("[]", None));
    let before = chat.client.get(&end.previous().unwrap()).await.expect(200);
    assert_eq!((questions(&before), before.next()), (["5", "6", "7"].map(str::to_owned).to_vec(), None));
    let empty = app.chat();
    for order in ["asc", "desc"] {
        let page = empty.get_line(&empty.id, &format!("&from_depth=1&order={order}")).await.expect(200);
        assert_eq!((page.text.as_str(), page.header("link")), ("[]", ""));
    }
}

#[tokio::test]
async fn a_page_before_is_beside_its_page_where_8_mib_shorten_it() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mib = "x".repeat(1 << 20);
    for _ in 0..5 {
        chat.post_message(&json!({"chat_id": chat.id, "question": mib, "response": mib})).await.expect(201);
    }
    chat.say(&chat.id, "6").await;
    let depths = |page: &Answer| {
        let messages = page.json();
        let messages = messages.as_array().unwrap().iter();
        messages.map(|message| message["depth"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    for (query, before, first) in [
        ("&order=asc&from_depth=6", [2, 3, 4, 5], vec![1]),
        ("&order=desc&from_depth=1", [5, 4, 3, 2], vec![6]),
    ] {
        let page = chat.get_line(&chat.id, query).await.expect(200);
        let page = chat.client.get(&page.previous().unwrap()).await.expect(200);
        assert_eq!(depths(&page), before);
        let page = chat.client.get(&page.previous().unwrap()).await.expect(200);
        assert_eq!((depths(&page), page.previous()), (first, None));
        let page = chat.client.get(&page.next().unwrap()).await.expect(200);
        assert_eq!(depths(&page), before);
    }
}

#[tokio::test]
async fn a_walk_that_names_no_depth_links_to_the_next_page_alone() {
    let app = spawn_app().await;
    let chat = chat_of_seven(&app).await;
    for order in ["asc", "desc"] {
        let first = chat.get_line(&chat.id, &format!("&order={order}&limit=3")).await.expect(200);
        assert_eq!(first.previous(), None);
        let second = chat.client.get(&first.next().unwrap()).await.expect(200);
        assert_eq!((second.previous(), second.header("link").matches("rel=").count()), (None, 1));
    }
}

#[tokio::test]
async fn an_invalid_depth_or_one_of_another_walk_is_a_422() {
    let app = spawn_app().await;
    let chat = chat_of_seven(&app).await;
    for (depth, error) in [
        ("0", "greater_than_equal"),
        ("-3", "greater_than_equal"),
        ("x", "int_parsing"),
        ("1.5", "int_parsing"),
    ] {
        let wrong = chat.get_line(&chat.id, &format!("&from_depth={depth}")).await.expect(422);
        assert_eq!(wrong.field_errors(), [format!("{error} query.from_depth")]);
    }
    let cursor = |page: &Answer| page.header("x-next-cursor").to_owned();
    let walk = cursor(&chat.get_line(&chat.id, "&from_depth=5&limit=2").await.expect(200));
    let plain = cursor(&chat.get_line(&chat.id, "&limit=2").await.expect(200));
    for query in [
        format!("&from_depth=4&cursor={walk}"),
        format!("&from_depth=5&cursor={plain}"),
        format!("&from_depth=5&order=asc&cursor={walk}"),
    ] {
        let wrong = chat.get_line(&chat.id, &query).await.expect(422);
        assert_eq!(wrong.field_errors(), ["value_error query.cursor"], "{query}");
    }
    for query in [format!("&limit=2&cursor={walk}"), format!("&limit=2&from_depth=5&cursor={walk}")] {
        let page = chat.get_line(&chat.id, &query).await.expect(200);
        assert_eq!(questions(&page), ["3", "2"]);
        assert!(page.previous().is_some());
    }
}
