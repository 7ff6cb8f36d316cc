//! The boundary of every limit: the last that is taken, the first that is not.

use crate::app::{User, spawn_stack};
use reqwest::Method;
use serde_json::{Value, json};

const MIB: usize = 1024 * 1024;

async fn chat_of(user: &User) -> String {
    user.chat("Trees").await
}

#[tokio::test]
async fn names_have_1_to_200_characters() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = chat_of(&ann).await;
    let fork = |name: &str| json!({"original_chat_id": chat, "branch_from_response_id": null, "name": name});
    let branch = ann.post("/branches/create-branch", &fork("x")).await.expect(201).json();
    let rename = format!("/branches/update-branch/{}", branch["branch_id"].as_str().unwrap());
    for (name, status) in
        [("🌳".repeat(200), 201), ("x".into(), 201), (String::new(), 422), ("🌳".repeat(201), 422)]
    {
        ann.post("/chats/create-chat", &json!({"name": name})).await.expect(status);
        ann.post("/branches/create-branch", &fork(&name)).await.expect(status);
        ann.post("/conversations/", &json!({"chat_id": chat, "name": name})).await.expect(status);
        let changed = if status == 201 { 200 } else { status };
        ann.put(&format!("/chats/update-chat/{chat}"), &json!({"name": name})).await.expect(changed);
        ann.put(&rename, &json!({"name": name})).await.expect(changed);
    }
    assert_eq!(ann.put(&rename, &json!({"name": null})).await.expect(200).json()["name"], Value::Null);
    assert_eq!(ann.put(&rename, &json!({})).await.expect(200).json()["name"], Value::Null);
}

#[tokio::test]
async fn questions_and_responses_have_at_most_a_mebibyte_and_are_not_both_empty() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = chat_of(&ann).await;
    let full = "🌳".repeat(MIB / 4);
    let over = format!("{full}x");
    for (question, response, status) in [
        (full.as_str(), full.as_str(), 201),
        ("q", "", 201),
        ("", "r", 201),
        ("", "", 422),
        (over.as_str(), "r", 422),
        ("q", over.as_str(), 422),
    ] {
        let body = json!({"chat_id": chat, "question": question, "response": response});
        ann.post("/messages/add-message", &body).await.expect(status);
    }
    assert_eq!(ann.line(&format!("chat_id={chat}")).await.len(), 3);
}

#[tokio::test]
async fn metadata_has_at_most_16_kib_of_sent_json() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = chat_of(&ann).await;
    let send = async |metadata: String| {
        let body = format!(r#"{{"chat_id":"{chat}","question":"q","response":"r","metadata":{metadata}}}"#);
        ann.client.send(Method::POST, "/api/v1/messages/add-message", Some(body)).await
    };
    let of_size = |bytes: usize| format!(r#"{{"k":"{}"}}"#, "x".repeat(bytes - 8));
    send(of_size(16 * 1024)).await.expect(201);
    send(of_size(16 * 1024 + 1)).await.expect(422);
    for wrong in ["[]", "\"text\"", "7", "true"] {
        let errors = send(wrong.to_owned()).await.expect(422).field_errors();
        assert_eq!(errors, ["dict_type body.metadata"], "{wrong}");
    }
    assert_eq!(send("null".to_owned()).await.expect(201).json()["metadata"], json!({}));
}

#[tokio::test]
async fn a_body_has_at_most_16_mebibytes() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let frame = json!({"name": "x", "unknown": ""}).to_string().len();
    let body = |bytes: usize| json!({"name": "x", "unknown": "x".repeat(bytes - frame)});
    ann.post("/chats/create-chat", &body(16 * MIB)).await.expect(201);
    assert_eq!(
        ann.post("/chats/create-chat", &body(16 * MIB + 1)).await.expect(413).code(),
        "payload_too_large"
    );
}

#[tokio::test]
async fn a_page_holds_at_most_8_mebibytes_of_texts() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = chat_of(&ann).await;
    let full = "x".repeat(MIB);
    for _ in 0..5 {
        let body = json!({"chat_id": chat, "question": full, "response": full});
        ann.post("/messages/add-message", &body).await.expect(201);
    }
    for order in ["asc", "desc"] {
        let first =
            ann.get(&format!("/messages/get-messages?chat_id={chat}&order={order}")).await.expect(200);
        assert_eq!(first.json().as_array().unwrap().len(), 4);
        let second = ann.client.get(&first.next().unwrap()).await.expect(200);
        assert_eq!(second.json().as_array().unwrap().len(), 1);
        assert_eq!(second.next(), None);
    }
}

#[tokio::test]
async fn a_limit_is_capped_at_200_and_refused_below_1() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = chat_of(&ann).await;
    let lists = [
        "/chats/get-chat?".to_owned(),
        format!("/conversations/?chat_id={chat}&"),
        format!("/messages/get-messages?chat_id={chat}&"),
        "/messages/all-messages?".to_owned(),
        format!("/branches/get-branches?chat_id={chat}&"),
    ];
    for list in &lists {
        for good in ["1", "200", "201", "99999999999999999999"] {
            ann.get(&format!("{list}limit={good}")).await.expect(200);
        }
        for bad in ["0", "-1", "x", "1.5", ""] {
            ann.get(&format!("{list}limit={bad}")).await.expect(422);
        }
        let errors = ann.get(&format!("{list}cursor=x")).await.expect(422).field_errors();
        assert!(errors.len() == 1 && errors[0].ends_with("query.cursor"), "{list}: {errors:?}");
    }
}
