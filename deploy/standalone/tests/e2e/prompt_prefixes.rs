//! A history that was forked is sent to the provider byte for byte as the original's prefix, so that its cache is hit.

use crate::app::{TestStack, User, spawn_stack_with, text};
use crate::streams::SOON;
use answer::models::Models;
use serde_json::{Value, json};
use shared::env::Env;
use shared_test_kit::ScriptedModel;

/// Asks, answers for the model, and returns the body of the provider's request, and the id of the message.
async fn ask(model: &ScriptedModel, user: &User, route: &str, body: &Value) -> (String, Value) {
    let asked = user.post(&format!("/answers/{route}"), body).await.expect(201).json();
    let mut response = model.next_request().await;
    let request = response.request.clone();
    // Not the same for two questions, with what JSON and browsers escape.
    response.say(&format!("response \"{}\"\n\u{2028}</é>", request.len())).await;
    response.finish().await;
    let path = format!("/messages/get-message/{}", text(&asked["response_id"]));
    user.wait_for(&path, 200, SOON).await;
    (request, asked["response_id"].clone())
}

async fn spawn(model: &ScriptedModel) -> TestStack {
    let file = model.models_file("");
    let env = Env::of([("MODELS_FILE", file.path().to_str().unwrap())]);
    spawn_stack_with(|config| config.models = Models::from_env(&env).unwrap()).await
}

/// What comes before the last message of a request.
fn prefix(request: &str) -> &str {
    request.rsplit_once(",{\"role\":\"user\"").unwrap().0
}

#[tokio::test]
async fn a_forked_history_is_sent_as_the_originals_prefix() {
    let model = ScriptedModel::start().await;
    let stack = spawn(&model).await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let instructions = json!({"settings": {"instructions": "Be \"brief\"."}});
    ann.put(&format!("/chats/update-chat/{chat}"), &instructions).await.expect(200);
    let mut originals = Vec::new();
    for question in ["What is a \"banyan\"?", "And\u{2028} a fig?", "<b>é</b>", "the last"] {
        let body = json!({"chat_id": chat, "question": question});
        originals.push(ask(&model, &ann, "create-answer", &body).await);
    }
    let (last, _) = originals.last().unwrap();

    for (place, (_, id)) in originals.iter().enumerate() {
        let branch = ann.fork(&chat, id).await;
        let body = json!({"chat_id": chat, "branch_id": branch, "question": "Something else?"});
        let (forked, response) = ask(&model, &ann, "create-answer", &body).await;
        let messages = 2 * (place + 1);
        assert_eq!(forked.matches("\"role\":").count(), 1 + messages + 1, "{forked}");
        if place + 1 < originals.len() {
            assert!(last.starts_with(prefix(&forked)), "{forked}\n{last}");
        }
        // A fork of the fork has it, too.
        let branch = ann.fork(&branch, &response).await;
        let body = json!({"chat_id": chat, "branch_id": branch, "question": "And now?"});
        let (again, _) = ask(&model, &ann, "create-answer", &body).await;
        assert!(again.starts_with(prefix(&forked)), "{again}\n{forked}");
        assert_eq!(cache_key(&again), cache_key(last));
    }
    for (request, id) in &originals {
        let (again, _) = ask(&model, &ann, "regenerate-answer", &json!({"response_id": id})).await;
        assert_eq!(&again, request, "another version is asked for with the same bytes");
    }
}

#[tokio::test]
async fn a_forked_chat_is_sent_as_the_originals_prefix() {
    let model = ScriptedModel::start().await;
    let stack = spawn(&model).await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let first = ask(&model, &ann, "create-answer", &json!({"chat_id": chat, "question": "one"})).await;
    let (original, _) =
        ask(&model, &ann, "create-answer", &json!({"chat_id": chat, "question": "two"})).await;
    let fork = json!({"chat_id": chat, "response_id": first.1});
    let fork = ann.post("/chats/fork-chat", &fork).await.expect(201).json();
    let body = json!({"chat_id": fork["chat_id"], "question": "three"});
    let (forked, _) = ask(&model, &ann, "create-answer", &body).await;
    assert!(prefix(&forked).contains("response"), "{forked}");
    assert!(original.starts_with(prefix(&forked)), "{forked}\n{original}");
    assert_ne!(cache_key(&forked), cache_key(&original));
}

fn cache_key(request: &str) -> String {
    let body: Value = serde_json::from_str(request).unwrap();
    text(&body["prompt_cache_key"]).to_owned()
}
