//! Another user's object answers exactly as one that does not exist, on every route that takes an id.

use crate::app::{TestStack, User, echo_of_a_provider, spawn_stack, spawn_stack_with, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::ids::ChatId;

/// Every route with an id, by what stands in for the ids.
fn requests(
    chat: &str,
    branch: &str,
    response: &str,
    conversation: &str,
    (own_chat, own_response): (&str, &str),
) -> Vec<(Method, String, Value)> {
    let get = |path: String| (Method::GET, path, Value::Null);
    let delete = |path: String| (Method::DELETE, path, Value::Null);
    let message = json!({"question": "q", "response": "r"});
    let message_to = |fields: Value| {
        let mut body = message.clone();
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        (Method::POST, "/messages/add-message".to_owned(), body)
    };
    let edit = |fields: Value| {
        let mut body = json!({"response": "r"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        (Method::POST, "/messages/edit-message".to_owned(), body)
    };
    let pick = |body: Value| (Method::POST, "/branches/cherry-pick".to_owned(), body);
    let fork = |body: Value| (Method::POST, "/branches/create-branch".to_owned(), body);
    let switch = |body: Value| (Method::PUT, "/branches/set-active-branch".to_owned(), body);
    let fork_chat = |body: Value| (Method::POST, "/chats/fork-chat".to_owned(), body);
    let record = |body: Value| (Method::POST, "/conversations/".to_owned(), body);
    vec![
        get(format!("/chats/get-chat/{chat}")),
        (Method::PUT, format!("/chats/update-chat/{chat}"), json!({"name": "mine"})),
        delete(format!("/chats/delete-chat/{chat}")),
        delete(format!("/chats/delete-chat/{chat}?permanent=true")),
        (Method::POST, format!("/chats/restore-chat/{chat}"), Value::Null),
        fork_chat(json!({"chat_id": chat})),
        fork_chat(json!({"chat_id": branch})),
        fork_chat(json!({"chat_id": own_chat, "branch_id": branch})),
        fork_chat(json!({"chat_id": own_chat, "response_id": response})),
        get(format!("/conversations/?chat_id={chat}")),
        record(json!({"chat_id": chat})),
        record(json!({"chat_id": own_chat, "branch_id": branch})),
        delete(format!("/conversations/{conversation}")),
        get(format!("/messages/get-messages?chat_id={chat}")),
        get(format!("/messages/get-messages?chat_id={branch}")),
        get(format!("/messages/get-messages?chat_id={own_chat}&branch_id={branch}")),
        get(format!("/messages/get-message/{response}")),
        get(format!("/messages/get-tree?chat_id={chat}")),
        get(format!("/messages/get-tree?chat_id={branch}")),
        (Method::PUT, format!("/messages/update-message/{response}"), json!({"metadata": {"k": 1}})),
        (
            Method::PUT,
            format!("/messages/update-message/{response}"),
            json!({"metadata": {"k": 1}, "chat_id": own_chat}),
        ),
        message_to(json!({"chat_id": chat})),
        message_to(json!({"chat_id": branch})),
        message_to(json!({"chat_id": own_chat, "branch_id": branch})),
        get(format!("/messages/get-versions?response_id={response}")),
        get(format!("/messages/get-versions?response_id={own_response}&chat_id={chat}")),
        get(format!("/messages/get-versions?response_id={own_response}&chat_id={branch}")),
        edit(json!({"response_id": response})),
        edit(json!({"response_id": response, "chat_id": chat})),
        edit(json!({"response_id": response, "chat_id": own_chat})),
        fork(json!({"original_chat_id": chat, "branch_from_response_id": response})),
        fork(json!({"original_chat_id": chat, "branch_from_response_id": null})),
        fork(json!({"original_chat_id": own_chat, "branch_from_response_id": response})),
        pick(json!({"response_ids": [response], "onto_branch_id": own_chat})),
        pick(json!({"response_ids": [own_response, response], "onto_branch_id": own_chat})),
        pick(json!({"response_ids": [own_response], "onto_branch_id": chat})),
        pick(json!({"response_ids": [own_response], "onto_branch_id": branch})),
        pick(
            json!({"response_ids": [own_response], "onto_branch_id": own_chat, "onto_response_id": response}),
        ),
        get(format!("/branches/get-branches?chat_id={chat}")),
        get(format!("/branches/get-branches?chat_id={branch}")),
        get(format!("/branches/get-branches?chat_id={chat}&tag=x")),
        get(format!("/branches/get-branch/{chat}")),
        get(format!("/branches/get-branch/{branch}")),
        get(format!("/branches/compare?left={branch}&right={own_chat}")),
        get(format!("/branches/compare?left={own_chat}&right={chat}")),
        get(format!("/messages/all-messages?chat_id={chat}")),
        get(format!("/messages/all-messages?chat_id={branch}")),
        switch(json!({"chat_id": chat, "branch_id": branch})),
        switch(json!({"chat_id": own_chat, "branch_id": branch})),
        (Method::PUT, format!("/branches/update-branch/{branch}"), json!({"name": "mine"})),
        (Method::PUT, format!("/branches/update-branch/{branch}"), json!({"tags": ["mine"]})),
        (Method::PUT, format!("/branches/update-branch/{branch}"), json!({})),
        delete(format!("/branches/delete-branch/{branch}")),
        delete(format!("/branches/delete-branch/{branch}?cascade=true")),
        delete(format!("/branches/delete-branch/{branch}?permanent=true")),
        get(format!("/branches/deleted-branches?chat_id={chat}")),
        get(format!("/branches/deleted-branches?chat_id={branch}")),
        (Method::POST, format!("/branches/restore-branch/{branch}"), Value::Null),
        (Method::POST, format!("/branches/restore-branch/{chat}"), Value::Null),
    ]
}

/// The same for the routes of answers.
fn answer_requests(
    (chat, branch): (&str, &str),
    (response, answer): (&str, &str),
    own_chat: &str,
) -> Vec<(Method, String, Value)> {
    let get = |path: String| (Method::GET, path, Value::Null);
    let ask = |fields: Value| {
        let mut body = json!({"question": "q"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        (Method::POST, "/answers/create-answer".to_owned(), body)
    };
    let ask_again =
        |id: &str| (Method::POST, "/answers/regenerate-answer".to_owned(), json!({"response_id": id}));
    vec![
        ask(json!({"chat_id": chat})),
        ask(json!({"chat_id": branch})),
        ask(json!({"chat_id": own_chat, "branch_id": branch})),
        ask(json!({"chat_id": own_chat, "parent_response_id": response})),
        ask(json!({"chat_id": own_chat, "parent_response_id": answer})),
        ask_again(response),
        ask_again(answer),
        get(format!("/answers/get-answer/{answer}")),
        get(format!("/answers/get-answer/{response}")),
        get(format!("/answers/stream-answer/{answer}")),
        (Method::POST, format!("/answers/stop-answer/{answer}"), Value::Null),
        (Method::DELETE, "/providers/set-key/fig".to_owned(), Value::Null),
    ]
}

struct Owned {
    chat: String,
    branch: String,
    response: String,
    conversation: String,
    answer: String,
}

async fn belongings(user: &User) -> Owned {
    let chat = user.chat("Trees").await;
    let message = user.say(&chat, "one").await;
    let branch = user.fork(&chat, &message["response_id"]).await;
    let record = user.post("/conversations/", &json!({"chat_id": chat})).await.expect(201).json();
    // It is under way as long as the test runs.
    let question = json!({"chat_id": chat, "question": "[[delay:60000]] And on, and on?"});
    let answer = user.post("/answers/create-answer", &question).await.expect(201).json();
    let ids = [&message["response_id"], &record["id"], &answer["response_id"]];
    let [response, conversation, answer] = ids.map(|id| text(id).to_owned());
    Owned { chat, branch, response, conversation, answer }
}

async fn answers(user: &User, requests: Vec<(Method, String, Value)>) -> Vec<(String, u16, String)> {
    let mut answers = Vec::new();
    for (method, path, body) in requests {
        let body = (!body.is_null()).then(|| body.to_string());
        let answer = user.client.send(method.clone(), &format!("/api/v1{path}"), body.clone()).await;
        let mut json = answer.json();
        json["request_id"] = Value::Null;
        answers.push((format!("{method} {path} {body:?}"), answer.status.as_u16(), json.to_string()));
    }
    answers
}

#[tokio::test]
async fn a_foreign_object_is_answered_like_a_missing_one() {
    let stack: TestStack = spawn_stack_with(|config| config.models = echo_of_a_provider()).await;
    let (ann, eve) = (stack.user("ann").await, stack.user("eve").await);
    let owned = belongings(&ann).await;
    let key = json!({"api_key": "sk-0123456789abcdef9f2a"});
    ann.put("/providers/set-key/fig", &key).await.expect(200);
    let eves = eve.chat("Mine").await;
    let said = eve.say(&eves, "one").await;
    let own = (&*eves, text(&said["response_id"]));
    let nothing = ChatId::generate().to_string();

    let mut foreign = requests(&owned.chat, &owned.branch, &owned.response, &owned.conversation, own);
    foreign.extend(answer_requests((&owned.chat, &owned.branch), (&owned.response, &owned.answer), own.0));
    let mut missing = requests(&nothing, &nothing, &nothing, &nothing, own);
    missing.extend(answer_requests((&nothing, &nothing), (&nothing, &nothing), own.0));
    let (foreign, missing) = (answers(&eve, foreign).await, answers(&eve, missing).await);
    for ((request, status, body), (_, other_status, other_body)) in foreign.iter().zip(&missing) {
        assert_eq!(*status, 404, "{request}: {body}");
        assert_eq!((status, body), (other_status, other_body), "{request}");
    }

    // A list of answers is empty, whosever chat it is asked for.
    for list in ["/answers/get-answers".to_owned(), format!("/answers/get-answers?chat_id={}", owned.chat)] {
        assert_eq!(eve.get(&list).await.expect(200).json(), json!([]), "{list}");
    }

    let providers = eve.get("/providers/get-providers").await.expect(200).json();
    assert_eq!(providers, json!([{"provider": "fig", "has_key": false, "key_hint": null}]));

    // And nothing of it had an effect.
    assert_eq!(ann.get("/providers/get-providers").await.json()[0]["key_hint"], "...9f2a");
    let answers = ann.get("/answers/get-answers").await.expect(200).json();
    assert_eq!((&answers[0]["response_id"], answers.as_array().unwrap().len()), (&json!(owned.answer), 1));
    assert_eq!(ann.line(&format!("chat_id={}", owned.chat)).await.len(), 1);
    let tree = ann.get(&format!("/branches/get-branches?chat_id={}", owned.chat)).await.expect(200).json();
    assert_eq!(tree["children"], json!([owned.branch]));
    assert_eq!(tree["branches"][1]["tags"], json!([]));
    let message = ann.get(&format!("/messages/get-message/{}", owned.response)).await.expect(200).json();
    assert_eq!(message["metadata"], json!({}));
    assert_eq!(ann.get(&format!("/chats/get-chat/{}", owned.chat)).await.json()["name"], "Trees");
}

#[tokio::test]
async fn an_id_that_another_user_has_is_taken() {
    let stack = spawn_stack().await;
    let (ann, eve) = (stack.user("ann").await, stack.user("eve").await);
    let owned = belongings(&ann).await;
    let eves = eve.chat("Mine").await;
    let empty_chat = ann.chat("no trunk yet").await;
    for taken in [&owned.chat, &owned.branch, &empty_chat, &eves] {
        let body = json!({"original_chat_id": eves, "branch_from_response_id": null, "new_chat_id": taken});
        eve.post("/branches/create-branch", &body).await.expect(409);
    }
}
