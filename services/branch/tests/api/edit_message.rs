use crate::app::{spawn_app, text, unknown};
use serde_json::{Value, json};

const EDIT: &str = "/api/v1/messages/edit-message";

#[tokio::test]
async fn an_edit_is_a_message_on_a_new_branch() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    chat.say(&chat.id, "3").await;
    let body =
        json!({"response_id": second["response_id"], "question": "2b", "response": "b", "branch_name": "b"});
    let edited = chat.client.post(EDIT, &body).await.expect(201).json();
    assert_eq!((&edited["question"], &edited["response"]), (&json!("2b"), &json!("b")));
    assert_eq!((&edited["depth"], &edited["parent_response_id"]), (&json!(2), &first["response_id"]));
    assert_eq!((&edited["chat_id"], &edited["metadata"]), (&json!(chat.id), &json!({})));
    let branch = text(&edited["branch_id"]);
    assert_eq!(chat.line(&branch).await, ["1", "2b"]);
    assert_eq!(chat.line(&chat.id).await, ["1", "2", "3"]);
    let tree = chat.tree(&chat.id).await;
    assert_eq!((&tree["active_branch_id"], &tree["branches"][1]["name"]), (&json!(branch), &json!("b")));

    // The question may be left out, or null; and the new branch need not become active.
    for question in [json!({}), json!({"question": null})] {
        let mut body = json!({"response_id": first["response_id"], "response": "again", "activate": false,
                              "metadata": {"model": "m"}, "chat_id": branch});
        body.as_object_mut().unwrap().extend(question.as_object().unwrap().clone());
        let again = chat.client.post(EDIT, &body).await.expect(201).json();
        assert_eq!((&again["question"], &again["response"]), (&json!("1"), &json!("again")));
        assert_eq!((&again["parent_response_id"], &again["depth"]), (&Value::Null, &json!(1)));
        assert_eq!(again["metadata"], json!({"model": "m"}));
    }
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], branch);
}

#[tokio::test]
async fn a_message_that_is_not_the_callers_cannot_be_edited() {
    let app = spawn_app().await;
    let (chat, stranger) = (app.chat(), app.chat());
    let other = app.chat_of(chat.user);
    other.say(&other.id, "x").await;
    let first = chat.say(&chat.id, "1").await;
    let body = json!({"response_id": first["response_id"], "response": "r"});
    assert_eq!(stranger.client.post(EDIT, &body).await.expect(404).code(), "message_not_found");
    let body = json!({"response_id": unknown(), "response": "r"});
    assert_eq!(chat.client.post(EDIT, &body).await.expect(404).code(), "message_not_found");
    for (chat_id, code) in
        [(&other.id, "message_not_found"), (&stranger.id, "chat_not_found"), (&unknown(), "chat_not_found")]
    {
        let body = json!({"response_id": first["response_id"], "response": "r", "chat_id": chat_id});
        assert_eq!(chat.client.post(EDIT, &body).await.expect(404).code(), code);
    }
    assert_eq!(chat.tree(&chat.id).await["branches"].as_array().unwrap().len(), 1);
    app.delete_chat(&chat).await.expect(200);
    let body = json!({"response_id": first["response_id"], "response": "r"});
    chat.client.post(EDIT, &body).await.expect(404);
}

#[tokio::test]
async fn every_invalid_field_of_an_edit_is_reported() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = json!({"chat_id": chat.id, "question": "", "response": "r"});
    let first = chat.post_message(&body).await.expect(201).json();
    let id = &first["response_id"];
    let wrong = async |body: Value| {
        let mut errors = chat.client.post(EDIT, &body).await.expect(422).field_errors();
        errors.sort_unstable();
        errors
    };
    assert_eq!(wrong(json!({})).await, ["missing body.response", "missing body.response_id"]);
    let body = json!({"response_id": "x", "chat_id": "y", "response": 1, "metadata": [], "activate": 1, "branch_name": ""});
    assert_eq!(
        wrong(body).await,
        [
            "bool_type body.activate",
            "dict_type body.metadata",
            "string_too_short body.branch_name",
            "string_type body.response",
            "uuid_parsing body.chat_id",
            "uuid_parsing body.response_id"
        ]
    );
    // Empty with the question of the message, too.
    let empty = ["value_error body.question"];
    assert_eq!(wrong(json!({"response_id": id, "question": "", "response": ""})).await, empty);
    assert_eq!(wrong(json!({"response_id": id, "response": ""})).await, empty);
    let long = "x".repeat((1 << 20) + 1);
    let body = json!({"response_id": id, "question": long, "response": long});
    assert_eq!(wrong(body).await, ["string_too_long body.question", "string_too_long body.response"]);
}

#[tokio::test]
async fn a_moved_head_is_forked_if_the_request_says_so() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let second = chat.say(&chat.id, "2").await;
    let append = async |head: &Value, with: Value| {
        let mut body = json!({"chat_id": chat.id, "question": "x", "response": "", "expected_head": head});
        body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        chat.post_message(&body).await
    };
    let fork = json!({"on_head_moved": "fork"});
    let forked = append(&first["response_id"], fork.clone()).await.expect(201).json();
    assert_eq!(chat.line(&text(&forked["branch_id"])).await, ["1", "x"]);
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], chat.id);
    append(&first["response_id"], json!({})).await.expect(409);
    append(&first["response_id"], json!({"on_head_moved": "reject"})).await.expect(409);
    let moved = append(&forked["response_id"], fork.clone()).await.expect(409);
    assert_eq!(
        (moved.code(), &moved.json()["head_response_id"]),
        ("head_moved".into(), &second["response_id"])
    );
    append(&json!(unknown()), fork.clone()).await.expect(409);
    let errors =
        append(&first["response_id"], json!({"on_head_moved": "x"})).await.expect(422).field_errors();
    assert_eq!(errors, ["enum body.on_head_moved"]);
    // On the head it is appended, and activates nothing.
    let both = json!({"on_head_moved": "fork", "activate": true});
    let third = append(&second["response_id"], both.clone()).await.expect(201).json();
    assert_eq!(third["branch_id"], chat.id);
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], chat.id);
    let active = append(&Value::Null, both).await.expect(201).json();
    assert_eq!(chat.tree(&chat.id).await["active_branch_id"], active["branch_id"]);
    assert_eq!((&active["depth"], &active["parent_response_id"]), (&json!(1), &Value::Null));
}
