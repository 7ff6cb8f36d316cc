//! Pages while others write: nothing comes twice, nothing is left out, and a page stays on its line.

use crate::app::{column, spawn_stack, text};
use serde_json::json;

#[tokio::test]
async fn a_line_is_paged_both_ways_while_it_grows() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    for n in 1..=9 {
        ann.say(&chat, &n.to_string()).await;
    }
    let first = ann.get(&format!("/messages/get-messages?chat_id={chat}&limit=4")).await.expect(200);
    assert_eq!(first.header("x-branch-id"), chat);
    assert_eq!(column(first.json().as_array().unwrap(), "question"), ["9", "8", "7", "6"]);
    ann.say(&chat, "10").await;
    let second = ann.client.get(&first.next().unwrap()).await.expect(200);
    assert_eq!(column(second.json().as_array().unwrap(), "question"), ["5", "4", "3", "2"]);
    let third = ann.client.get(&second.next().unwrap()).await.expect(200);
    assert_eq!(column(third.json().as_array().unwrap(), "question"), ["1"]);
    assert_eq!(third.next(), None);
}

#[tokio::test]
async fn a_long_query_does_not_make_the_link_long() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    ann.chat("Birds").await;
    for n in 1..=2 {
        ann.say(&chat, &n.to_string()).await;
        ann.post("/conversations/", &json!({"chat_id": chat})).await.expect(201);
    }
    let first = ann.get(&format!("/messages/get-messages?chat_id={chat}&order=asc&limit=1")).await;
    ann.fork(&chat, &first.expect(200).json()[0]["response_id"]).await;
    let (unknown, limit) = ("x".repeat(64_000), format!("{:0>64000}", 1));
    for path in [
        format!("/chats/get-chat?{unknown}=1&limit=1"),
        format!("/conversations/?chat_id={chat}&limit={limit}"),
        format!("/messages/get-messages?limit=1&chat_id={chat}&{}", "limit=1&".repeat(8_000)),
        format!("/messages/all-messages?limit={limit}"),
        format!("/branches/get-branches?chat_id={chat}&limit=1&a={unknown}"),
        format!("/messages/get-tree?chat_id={chat}&limit={limit}"),
    ] {
        // More often than a replica may fail.
        for _ in 0..6 {
            let answer = ann.get(&path).await.expect(200);
            let next = answer.next().expect("a next page");
            assert!(next.len() < 500 && next.contains("limit=1&"), "{next}");
            ann.client.get(&next).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_cursor_stays_on_its_branch_when_another_becomes_active() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let mut line = Vec::new();
    for n in 1..=6 {
        line.push(ann.say(&chat, &n.to_string()).await);
    }
    let first =
        ann.get(&format!("/messages/get-messages?chat_id={chat}&limit=2&order=asc")).await.expect(200);
    let body = json!({
        "original_chat_id": chat, "branch_from_response_id": line[2]["response_id"], "activate": true
    });
    ann.post("/branches/create-branch", &body).await.expect(201);
    let second = ann.client.get(&first.next().unwrap()).await.expect(200);
    assert_eq!(second.header("x-branch-id"), chat);
    let third = ann.client.get(&second.next().unwrap()).await.expect(200);
    assert_eq!(column(third.json().as_array().unwrap(), "question"), ["5", "6"]);
}

#[tokio::test]
async fn a_cursor_of_a_deleted_object_is_a_404_and_of_another_list_a_422() {
    let stack = spawn_stack().await;
    let (ann, eve) = (stack.user("ann").await, stack.user("eve").await);
    let chat = ann.chat("Trees").await;
    ann.chat("Birds").await;
    let one = ann.say(&chat, "one").await;
    let branch = ann.fork(&chat, &one["response_id"]).await;
    for n in 2..=4 {
        ann.say(&branch, &n.to_string()).await;
    }
    let page = ann.get(&format!("/messages/get-messages?chat_id={chat}&branch_id={branch}&limit=1")).await;
    let next = page.expect(200).next().unwrap();
    eve.client.get(&next).await.expect(404);
    let other = ann.chat("Stones").await;
    ann.client
        .get(&next.replace(&format!("chat_id={chat}&branch_id={branch}"), &format!("chat_id={other}")))
        .await
        .expect(422);
    let chats = ann.get("/chats/get-chat?limit=1").await.expect(200).next().unwrap();
    let foreign = next.replace("/messages/get-messages", "/chats/get-chat");
    ann.client.get(&foreign).await.expect(422);
    assert_eq!(eve.client.get(&chats).await.expect(200).json(), json!([]));
    ann.delete(&format!("/branches/delete-branch/{branch}")).await.expect(200);
    ann.client.get(&next).await.expect(404);
}

#[tokio::test]
async fn chats_records_and_own_messages_are_paged_newest_first() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let mut chats = Vec::new();
    for n in 0..5 {
        chats.push(ann.chat(&n.to_string()).await);
    }
    for n in 0..5 {
        ann.post("/conversations/", &json!({"chat_id": chats[0], "name": n.to_string()})).await.expect(201);
        ann.say(&chats[n % 2], &n.to_string()).await;
    }
    let newest_first = ["4", "3", "2", "1", "0"];
    for (path, field) in [
        ("/api/v1/chats/get-chat?limit=2".to_owned(), "name"),
        (format!("/api/v1/conversations/?chat_id={}&limit=2", chats[0]), "name"),
        ("/api/v1/messages/all-messages?limit=2".to_owned(), "question"),
    ] {
        assert_eq!(column(&ann.pages(&path).await, field), newest_first, "{path}");
    }
    let first = ann.get("/chats/get-chat?limit=2&active=true&x=%20y").await.expect(200).next().unwrap();
    assert!(first.starts_with("/api/v1/chats/get-chat?limit=2&active=true&cursor="), "{first}");
}

#[tokio::test]
async fn the_tree_is_paged_parents_first() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let message = ann.say(&chat, "one").await;
    let mut expected = vec![chat.clone()];
    for _ in 0..5 {
        expected.push(ann.fork(&chat, &message["response_id"]).await);
    }
    let mut next = Some(format!("/api/v1/branches/get-branches?chat_id={chat}&limit=2"));
    let mut seen = Vec::new();
    while let Some(path) = next {
        let page = ann.client.get(&path).await.expect(200);
        let body = page.json();
        assert_eq!(body["children"].as_array().unwrap().len(), 5);
        seen.extend(
            body["branches"].as_array().unwrap().iter().map(|branch| text(&branch["branch_id"]).to_owned()),
        );
        next = page.next();
    }
    assert_eq!(seen, expected);
}
