use crate::app::{Chat, questions, spawn_app, text, unknown};
use serde_json::json;
use shared_test_kit::Answer;

/// All pages from a first one, each the questions on it.
async fn pages(chat: &Chat, first: Answer) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut page = first.expect(200);
    loop {
        pages.push(questions(&page));
        let Some(next) = page.next() else { return pages };
        page = chat.client.get(&next).await.expect(200);
    }
}

#[tokio::test]
async fn a_line_is_read_from_either_end() {
    let app = spawn_app().await;
    let chat = app.chat();
    assert_eq!(chat.get_line(&chat.id, "").await.expect(200).text, "[]");
    for question in ["1", "2", "3", "4", "5"] {
        chat.say(&chat.id, question).await;
    }
    assert_eq!(pages(&chat, chat.get_line(&chat.id, "").await).await, [["5", "4", "3", "2", "1"]]);
    let descending = pages(&chat, chat.get_line(&chat.id, "&limit=2").await).await;
    assert_eq!(descending, [vec!["5", "4"], vec!["3", "2"], vec!["1"]]);
    let ascending = pages(&chat, chat.get_line(&chat.id, "&limit=2&order=asc").await).await;
    assert_eq!(ascending, [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    assert_eq!(pages(&chat, chat.get_line(&chat.id, "&limit=5&order=asc").await).await.len(), 1);
}

#[tokio::test]
async fn a_fork_of_a_fork_inherits_and_nothing_is_copied() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    chat.say(&chat.id, "3").await;
    let left = chat.fork(&second["response_id"]).await;
    let left_third = chat.say(&left, "3l").await;
    chat.say(&left, "4l").await;
    let leaf = chat.fork(&left_third["response_id"]).await;
    chat.say(&leaf, "4ll").await;
    let root = chat.fork(&serde_json::Value::Null).await;
    chat.say(&root, "1r").await;

    assert_eq!(chat.line(&chat.id).await, ["1", "2", "3"]);
    assert_eq!(chat.line(&left).await, ["1", "2", "3l", "4l"]);
    assert_eq!(chat.line(&leaf).await, ["1", "2", "3l", "4ll"]);
    assert_eq!(chat.line(&root).await, ["1r"]);
    let line = chat.get_line(&leaf, "&order=asc").await.expect(200).json();
    let owners: Vec<_> = line.as_array().unwrap().iter().map(|m| text(&m["branch_id"])).collect();
    assert_eq!(owners, [&chat.id, &chat.id, &left, &leaf].map(String::as_str));
    assert_eq!(line[0]["response_id"], first["response_id"]);
    assert_eq!(line[3]["parent_response_id"], left_third["response_id"]);
    assert_eq!(line[1]["branches"], json!([left]));
    assert_eq!(line[2]["branches"], json!([leaf]));
    for message in line.as_array().unwrap() {
        assert_eq!(message["chat_id"], chat.id);
    }
    for limit in 1..=4 {
        let asc = pages(&chat, chat.get_line(&leaf, &format!("&order=asc&limit={limit}")).await).await;
        assert_eq!(asc.concat(), ["1", "2", "3l", "4ll"]);
        let desc = pages(&chat, chat.get_line(&leaf, &format!("&limit={limit}")).await).await;
        assert_eq!(desc.concat(), ["4ll", "3l", "2", "1"]);
    }
}

#[tokio::test]
async fn a_chain_longer_than_the_window_is_read_whole() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mut branch = chat.id.clone();
    for level in 0..150 {
        let message = chat.say(&branch, &level.to_string()).await;
        branch = chat.fork(&message["response_id"]).await;
    }
    let expected: Vec<_> = (0..150).map(|level| level.to_string()).collect();
    assert_eq!(chat.line(&branch).await, expected);
    for order in ["asc", "desc"] {
        let pages = pages(&chat, chat.get_line(&branch, &format!("&limit=7&order={order}")).await).await;
        let mut line = pages.concat();
        if order == "desc" {
            line.reverse();
        }
        assert_eq!(line, expected, "{order}");
    }
    let tree = chat.tree(&branch).await;
    assert_eq!(tree["branches"][0]["fork_depth"], 150);
}

#[tokio::test]
async fn a_cursor_stays_on_its_branch() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    chat.say(&chat.id, "2").await;
    let page = chat.get_line(&chat.id, "&limit=1").await.expect(200);
    assert_eq!(page.header("x-branch-id"), chat.id);
    let next = page.next().unwrap();
    assert!(
        next.starts_with(&format!("/api/v1/messages/get-messages?chat_id={}&limit=1&cursor=", chat.id)),
        "{next}"
    );

    let fork = chat.fork(&first["response_id"]).await;
    chat.activate(&chat.id, &fork).await.expect(200);
    chat.say(&fork, "2f").await;
    let page = chat.client.get(&next).await.expect(200);
    assert_eq!((questions(&page), page.header("x-branch-id")), (vec!["1".to_owned()], chat.id.as_str()));
    assert_eq!(page.next(), None);
    let active = chat.get_line(&chat.id, "").await.expect(200);
    assert_eq!(
        (questions(&active), active.header("x-branch-id")),
        (vec!["2f".to_owned(), "1".to_owned()], fork.as_str())
    );

    // A cursor whose branch was deleted is a 404.
    let next = chat.get_line(&fork, "&limit=1").await.next().unwrap();
    chat.delete_branch(&fork, "").await.expect(200);
    chat.client.get(&next).await.expect(404);
}

#[tokio::test]
async fn a_page_ends_where_the_next_message_would_cross_8_mib() {
    let app = spawn_app().await;
    let chat = app.chat();
    let mib = "x".repeat(1 << 20);
    for _ in 0..5 {
        chat.post_message(&json!({"chat_id": chat.id, "question": mib, "response": mib})).await.expect(201);
    }
    chat.say(&chat.id, "last").await;
    for (order, expected) in [("asc", [4, 2]), ("desc", [4, 2])] {
        let sizes: Vec<_> = pages(&chat, chat.get_line(&chat.id, &format!("&order={order}")).await)
            .await
            .iter()
            .map(Vec::len)
            .collect();
        assert_eq!(sizes, expected, "{order}");
    }
    let all = chat.client.get("/api/v1/messages/all-messages").await;
    let sizes: Vec<_> = pages(&chat, all).await.iter().map(Vec::len).collect();
    assert_eq!(sizes, [4, 2]);
}

#[tokio::test]
async fn an_invalid_query_is_a_422() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    chat.say(&chat.id, "1").await;
    let first = chat.say(&chat.id, "2").await;
    let fork = chat.fork(&first["response_id"]).await;
    let get = async |query: &str| chat.client.get(&format!("/api/v1/messages/get-messages{query}")).await;
    assert_eq!(get("").await.expect(422).field_errors(), ["missing query.chat_id"]);
    let wrong = get("?chat_id=7&branch_id=x&limit=0&cursor=%21&order=up").await.expect(422).field_errors();
    assert_eq!(
        wrong,
        [
            "uuid_parsing query.chat_id",
            "uuid_parsing query.branch_id",
            "greater_than_equal query.limit",
            "value_error query.cursor",
            "enum query.order"
        ]
    );
    let cursor = chat.get_line(&chat.id, "&limit=1").await.next().unwrap();
    let cursor = cursor.split_once("cursor=").unwrap().1;
    for query in [
        format!("&branch_id={fork}&cursor={cursor}"),
        format!("&order=asc&cursor={cursor}"),
        format!("&cursor={}x", &cursor[1..]),
    ] {
        let wrong = chat.get_line(&chat.id, &query).await.expect(422);
        assert_eq!(wrong.field_errors(), ["value_error query.cursor"], "{query}");
    }
    // A cursor of another line, and one of another's chat: it is of no list of the stranger's, and gives no access.
    assert_eq!(
        chat.get_line(&fork, &format!("&cursor={cursor}")).await.expect(422).code(),
        "validation_error"
    );
    stranger.get_line(&stranger.id, &format!("&cursor={cursor}")).await.expect(422);
    stranger.get_line(&chat.id, &format!("&cursor={cursor}")).await.expect(404);
    for id in [&chat.id, &fork, &unknown()] {
        assert_eq!(stranger.get_line(id, "").await.expect(404).code(), "chat_not_found");
    }
    chat.get_line(&chat.id, &format!("&branch_id={}", unknown())).await.expect(404);
    assert_eq!(questions(&chat.get_line(&chat.id, "&limit=99999999999999999999").await.expect(200)).len(), 2);
}
