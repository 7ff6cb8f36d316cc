use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};
use std::time::Duration;

const EDIT: &str = "/api/v1/messages/edit-message";

fn version(message: &Value) -> (i64, i64) {
    (message["version"].as_i64().unwrap(), message["version_count"].as_i64().unwrap())
}

#[tokio::test]
async fn every_answer_with_a_message_tells_its_version() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    assert_eq!((version(&first), version(&second)), ((1, 1), (1, 1)));
    assert_eq!((&second["inherited"], &second["copied_from"]), (&json!(false), &Value::Null));
    app.clock.advance(Duration::from_secs(1));
    let body = json!({"response_id": second["response_id"], "response": "again"});
    let edited = chat.client.post(EDIT, &body).await.expect(201).json();
    assert_eq!(version(&edited), (2, 2));
    let branch = text(&edited["branch_id"]);
    chat.fork(&first["response_id"]).await;
    let line = chat.get_line(&branch, "&order=asc").await.expect(200).json();
    assert_eq!((version(&line[0]), version(&line[1])), ((1, 1), (2, 2)));
    assert_eq!((&line[0]["inherited"], &line[1]["inherited"]), (&json!(true), &json!(false)));
    let read = chat.get_message(&second["response_id"]).await.expect(200).json();
    assert_eq!((version(&read), &read["inherited"]), ((1, 2), &json!(false)));
    let all = chat.client.get("/api/v1/messages/all-messages").await.expect(200).json();
    for message in all.as_array().unwrap() {
        assert_eq!(*message, chat.get_message(&message["response_id"]).await.json());
    }
    let body = json!({"response_ids": [second["response_id"]], "onto_branch_id": chat.id, "onto_response_id": first["response_id"]});
    app.clock.advance(Duration::from_secs(1));
    let picked = chat.client.post("/api/v1/branches/cherry-pick", &body).await.expect(201).json();
    assert_eq!(version(&picked["messages"][0]), (3, 3));
    chat.delete_branch(&branch, "").await.expect(200);
    let read = chat.get_message(&picked["messages"][0]["response_id"]).await.expect(200).json();
    assert_eq!(version(&read), (2, 2));
}

#[tokio::test]
async fn versions_are_listed_page_by_page() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let other = app.chat_of(chat.user);
    other.say(&other.id, "x").await;
    let first = chat.say(&chat.id, "1").await;
    app.clock.advance(Duration::from_secs(1));
    let body = json!({"response_id": first["response_id"], "question": "1b", "response": "b"});
    let edited = chat.client.post(EDIT, &body).await.expect(201).json();
    let path = |query: &str| {
        format!("/api/v1/messages/get-versions?response_id={}{query}", text(&edited["response_id"]))
    };
    let all = chat.client.get(&path("")).await.expect(200);
    assert_eq!(all.header("x-next-cursor"), "");
    let entry = |message: &Value, version: i64| {
        json!({"response_id": message["response_id"], "branch_id": message["branch_id"], "version": version,
               "timestamp": message["timestamp"], "question_preview": message["question"],
               "response_preview": message["response"], "open_branch_id": message["branch_id"],
               "head_response_id": message["response_id"]})
    };
    assert_eq!(all.json(), json!([entry(&first, 1), entry(&edited, 2)]));
    let page = chat.client.get(&path("&limit=1")).await.expect(200);
    assert_eq!(page.json(), json!([entry(&first, 1)]));
    let next = chat.client.get(&page.next().unwrap()).await.expect(200);
    assert_eq!((next.json(), next.next()), (json!([entry(&edited, 2)]), None));
    assert_eq!(chat.client.get(&path(&format!("&chat_id={}", chat.id))).await.expect(200).json(), all.json());
    assert_eq!(
        chat.client.get(&path(&format!("&chat_id={}", other.id))).await.expect(404).code(),
        "message_not_found"
    );
    for id in [&stranger.id, &unknown()] {
        assert_eq!(
            chat.client.get(&path(&format!("&chat_id={id}"))).await.expect(404).code(),
            "chat_not_found"
        );
    }
    assert_eq!(stranger.client.get(&path("")).await.expect(404).code(), "message_not_found");
    let wrong =
        chat.client.get("/api/v1/messages/get-versions?response_id=x&limit=0&cursor=x").await.expect(422);
    let mut errors = wrong.field_errors();
    errors.sort_unstable();
    assert_eq!(errors.len(), 3);
}
