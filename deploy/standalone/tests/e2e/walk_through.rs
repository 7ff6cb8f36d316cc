//! The way through the README: two users, three chats, a line, branches of branches, and each line read back.

use crate::app::{column, spawn_stack, text};
use serde_json::{Value, json};

#[tokio::test]
async fn a_branch_can_be_created_from_any_response() {
    let stack = spawn_stack().await;
    let (ann, bob) = (stack.user("ann").await, stack.user("bob").await);
    let trees = ann.chat("Trees").await;
    ann.chat("Birds").await;
    ann.chat("Stones").await;
    let names = column(ann.get("/chats/get-chat").await.expect(200).json().as_array().unwrap(), "name");
    assert_eq!(names, ["Stones", "Birds", "Trees"]);

    let mut line = Vec::new();
    for question in ["one", "two", "three", "four", "five"] {
        line.push(ann.say(&trees, question).await);
    }
    let banyan = ann.fork(&trees, &line[1]["response_id"]).await;
    let three = ann.say(&banyan, "another three").await;
    let root = ann.fork(&banyan, &three["response_id"]).await;
    ann.say(&root, "a fourth of its own").await;

    let questions = async |query: String| column(&ann.line(&query).await, "question");
    assert_eq!(questions(format!("chat_id={trees}")).await, ["one", "two", "three", "four", "five"]);
    assert_eq!(questions(format!("chat_id={banyan}")).await, ["one", "two", "another three"]);
    let deep = ["one", "two", "another three", "a fourth of its own"];
    assert_eq!(questions(format!("chat_id={trees}&branch_id={root}")).await, deep);
    let depths = column(&ann.line(&format!("chat_id={root}")).await, "depth");
    assert_eq!(depths, [json!(1), json!(2), json!(3), json!(4)]);

    let switch = json!({"chat_id": trees, "branch_id": root});
    let switched = ann.put("/branches/set-active-branch", &switch).await.expect(200).json();
    assert_eq!(switched["active_branch_id"], root.as_str());
    assert_eq!(questions(format!("chat_id={trees}")).await, deep);
    assert_eq!(questions(format!("chat_id={trees}&branch_id={trees}")).await.len(), 5);

    let tree = ann.get(&format!("/branches/get-branches?chat_id={trees}")).await.expect(200).json();
    assert_eq!(tree["active_branch_id"], root.as_str());
    assert_eq!(tree["children"], json!([banyan]));
    assert_eq!(column(tree["branches"].as_array().unwrap(), "branch_id"), [trees.as_str(), &banyan, &root]);
    assert_eq!(column(tree["branches"].as_array().unwrap(), "message_count"), [json!(5), json!(1), json!(1)]);

    bob.get(&format!("/chats/get-chat/{trees}")).await.expect(404);
    bob.get(&format!("/messages/get-messages?chat_id={trees}")).await.expect(404);

    ann.delete(&format!("/branches/delete-branch/{banyan}")).await.expect(409);
    ann.delete(&format!("/branches/delete-branch/{banyan}?cascade=true")).await.expect(200);
    assert_eq!(questions(format!("chat_id={trees}")).await.len(), 5);
    ann.get(&format!("/messages/get-messages?chat_id={root}")).await.expect(404);
    ann.delete(&format!("/chats/delete-chat/{trees}")).await.expect(200);
    ann.get(&format!("/chats/get-chat/{trees}")).await.expect(404);
    ann.get(&format!("/messages/get-messages?chat_id={trees}")).await.expect(404);
    ann.get(&format!("/messages/get-message/{}", text(&line[0]["response_id"]))).await.expect(404);
}

#[tokio::test]
async fn a_conversation_record_refers_to_a_chat() {
    let stack = spawn_stack().await;
    let ann = stack.user("Ann").await;
    let chat = ann.chat("Trees").await;
    let first =
        ann.post("/conversations/", &json!({"chat_id": chat, "account_id": "aNN"})).await.expect(201).json();
    assert_eq!((first["name"].as_str(), first["branch_id"].as_str()), (Some("Trees"), Some(chat.as_str())));
    let message = ann.say(&chat, "one").await;
    let body = json!({"original_chat_id": chat, "branch_from_response_id": message["response_id"], "activate": true});
    let branch = ann.post("/branches/create-branch", &body).await.expect(201).json();
    assert_eq!(branch["chat_id"], branch["branch_id"]);
    let second =
        ann.post("/conversations/", &json!({"chat_id": chat, "name": "fork"})).await.expect(201).json();
    assert_eq!(second["branch_id"], branch["branch_id"]);
    let foreign = ann.chat("Birds").await;
    let body = json!({"chat_id": chat, "branch_id": foreign});
    ann.post("/conversations/", &body).await.expect(404);
    ann.post("/conversations/", &json!({"chat_id": chat, "account_id": "bob"})).await.expect(403);
    ann.post("/conversations/", &json!({"chat_id": branch["branch_id"]})).await.expect(404);

    let path = format!("/conversations/?chat_id={chat}");
    let records: Value = ann.get(&path).await.expect(200).json();
    assert_eq!(records, json!([second, first]));
    ann.delete(&format!("/conversations/{}", text(&first["id"]))).await.expect(200);
    ann.delete(&format!("/conversations/{}", text(&first["id"]))).await.expect(404);
    assert_eq!(ann.get(&path).await.json(), json!([second]));
}
