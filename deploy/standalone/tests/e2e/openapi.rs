//! Answers fit the schemas that `/openapi.json` gives for them.

use crate::app::{PASSWORD, User, echo_of_a_provider, spawn_stack_with, text};
use crate::document::resolved;
use jsonschema::Draft;
use reqwest::Method;
use serde_json::{Value, json};
use shared_test_kit::{Answer, TestClient};
use std::collections::BTreeSet;

struct Document {
    document: Value,
    /// The routes that have answered with success.
    seen: BTreeSet<String>,
}

impl Document {
    /// Sends a request to the route of `template`, with a path of it, and holds the answer against the document.
    async fn call(
        &mut self,
        client: &TestClient,
        method: Method,
        template: &str,
        path: &str,
        body: Value,
    ) -> Value {
        let sent = (!body.is_null()).then(|| body.to_string());
        let answer = client.send(method.clone(), &format!("/api/v1{path}"), sent).await;
        self.check(method.as_str(), &format!("/api/v1{template}"), &answer);
        answer.json()
    }

    /// The same for a route without parameters.
    async fn call_at(&mut self, client: &TestClient, method: Method, path: &str, body: Value) -> Value {
        let template = path.split('?').next().unwrap_or(path);
        self.call(client, method, template, path, body).await
    }

    /// Holds an answer against the schema of its route, method and status.
    fn check(&mut self, method: &str, template: &str, answer: &Answer) {
        let operation = &self.document["paths"][template][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {template} is not described");
        let response = resolved(&self.document, &operation["responses"][answer.status.as_str()]);
        assert!(
            response.is_object(),
            "{method} {template} does not describe {}: {}",
            answer.status,
            answer.text
        );
        let mut schema = response["content"]["application/json"]["schema"].clone();
        assert!(schema.is_object(), "{method} {template} has no schema for {}", answer.status);
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).unwrap();
        let body = answer.json();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{method} {template} {}: {body}: {errors:?}", answer.status);
        if !answer.status.is_success() {
            let examples = &response["content"]["application/json"]["examples"];
            assert!(examples[answer.code()].is_object(), "{method} {template} has no {}", answer.code());
        }
        if answer.status.is_success() {
            self.seen.insert(format!("{} {template}", method.to_lowercase()));
        }
    }

    /// Holds an answer without a body against the document.
    fn check_empty(&mut self, method: &str, template: &str, answer: &Answer) {
        let operation = &self.document["paths"][template][method.to_lowercase()];
        let response = resolved(&self.document, &operation["responses"][answer.status.as_str()]);
        assert!(response["description"].is_string() && response["content"].is_null(), "{method} {template}");
        assert_eq!(answer.text, "");
        self.seen.insert(format!("{} {template}", method.to_lowercase()));
    }

    /// Holds a stream of events against the document.
    fn check_stream(&mut self, method: &str, template: &str, answer: &Answer) {
        let operation = &self.document["paths"][template][method.to_lowercase()];
        let response = resolved(&self.document, &operation["responses"][answer.status.as_str()]);
        assert!(response["content"]["text/event-stream"].is_object(), "{method} {template}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "text/event-stream");
        assert!(answer.text.contains("\nevent: done\n"), "{}", answer.text);
        self.seen.insert(format!("{} {template}", method.to_lowercase()));
    }
}

#[tokio::test]
async fn every_response_matches_its_schema() {
    let stack = spawn_stack_with(|config| config.models = echo_of_a_provider()).await;
    let ann = stack.user("ann").await;
    let document = stack.client.get("/openapi.json").await.expect(200).json();
    let mut document = Document { document, seen: BTreeSet::new() };

    auth_answers(&mut document, &stack.client).await;
    session_answers(&mut document, &stack.client).await;
    let chat = chat_answers(&mut document, &ann).await;
    let branch = tree_answers(&mut document, &ann.client, &chat).await;
    record_answers(&mut document, &ann.client, &chat).await;
    fork_answers(&mut document, &ann.client, &chat).await;
    model_answers(&mut document, &ann.client, &chat).await;
    provider_answers(&mut document, &ann.client).await;
    deletion_answers(&mut document, &ann.client, &chat, &branch).await;

    let mut described = BTreeSet::new();
    for (path, methods) in document.document["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    assert_eq!(document.seen, described);
}

async fn auth_answers(document: &mut Document, nobody: &TestClient) {
    let credentials = json!({"username": "bob", "password": PASSWORD});
    document.call_at(nobody, Method::POST, "/auth/register", credentials.clone()).await;
    document.call_at(nobody, Method::POST, "/auth/register", credentials.clone()).await;
    document.call_at(nobody, Method::POST, "/auth/register", json!({})).await;
    let tokens = document.call_at(nobody, Method::POST, "/auth/login", credentials).await;
    let wrong = json!({"username": "bob", "password": "x"});
    document.call_at(nobody, Method::POST, "/auth/login", wrong).await;
    let token = json!({"refresh_token": tokens["refresh_token"]});
    let refreshed = document.call_at(nobody, Method::POST, "/auth/refresh", token.clone()).await;
    token_answers(document, nobody, text(&refreshed["refresh_token"])).await;
    let bob = nobody.with_token(text(&tokens["access_token"]));
    document.call_at(&bob, Method::GET, "/auth/me", Value::Null).await;
    document.call_at(nobody, Method::GET, "/auth/me", Value::Null).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another horse"});
    document.call_at(&bob, Method::PUT, "/auth/change-password", change.clone()).await;
    document.call_at(&bob, Method::PUT, "/auth/change-password", change).await;
    document.call_at(&bob, Method::POST, "/auth/logout", token).await;
    document.call_at(&bob, Method::DELETE, "/auth/me", json!({"password": "another horse"})).await;
}

async fn session_answers(document: &mut Document, nobody: &TestClient) {
    let page = nobody.with_header("sec-fetch-site", "same-origin");
    let [login, refresh, logout] = ["login", "refresh", "logout"].map(|name| format!("/ui/session/{name}"));
    let credentials = json!({"username": "ann", "password": PASSWORD});
    let wrong = json!({"username": "ann", "password": "x"});
    for (client, body, status) in [
        (&page, &credentials, 200),
        (&page, &wrong, 401),
        (&page, &json!({}), 422),
        (nobody, &credentials, 403),
        (&page.with_header("content-type", "text/plain"), &credentials, 415),
    ] {
        let answer = client.post(&login, body).await.expect(status);
        document.check("POST", &login, &answer);
    }
    let answer = page.post(&login, &credentials).await.expect(200);
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let answer = page.with_header("cookie", cookie).post(&refresh, &json!({})).await.expect(200);
    document.check("POST", &refresh, &answer);
    for path in [&refresh, &logout] {
        let answer = page.post(path, &json!({})).await.expect(204);
        document.check_empty("POST", path, &answer);
        document.check("POST", path, &nobody.post(path, &json!({})).await.expect(403));
    }
}

async fn token_answers(document: &mut Document, nobody: &TestClient, refresh_token: &str) {
    let client = nobody.with_header("content-type", "application/x-www-form-urlencoded");
    let refresh = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let password = format!("grant_type=password&username=bob&password={}", PASSWORD.replace(' ', "+"));
    let (too_large, wrong) = ("x".repeat(65_537), "grant_type=refresh_token&refresh_token=x".to_owned());
    let path = "/api/v1/auth/token";
    for (form, status) in
        [(refresh, 200), (password, 200), (wrong, 400), (String::new(), 400), (too_large, 413)]
    {
        let answer = client.send(Method::POST, path, Some(form)).await.expect(status);
        document.check("POST", path, &answer);
    }
}

async fn chat_answers(document: &mut Document, ann: &User) -> String {
    let user = &ann.client;
    let chat = document.call_at(user, Method::POST, "/chats/create-chat", json!({"name": "Trees"})).await;
    let chat = text(&chat["chat_id"]).to_owned();
    let template = "/chats/get-chat/{chat_id}";
    for id in [&chat, &ann.id] {
        document.call(user, Method::GET, template, &format!("/chats/get-chat/{id}"), Value::Null).await;
    }
    document.call_at(user, Method::GET, "/chats/get-chat", Value::Null).await;
    let (template, path) = ("/chats/update-chat/{chat_id}", format!("/chats/update-chat/{chat}"));
    let settings = json!({"model": "fig-1", "truncation": "auto"});
    let change =
        json!({"active": false, "chat_type": "group", "pinned": true, "tags": ["a"], "settings": settings});
    for change in [change, json!({"name": null})] {
        document.call(user, Method::PUT, template, &path, change).await;
    }
    chat
}

async fn tree_answers(document: &mut Document, user: &TestClient, chat: &str) -> String {
    let message = json!({"chat_id": chat, "question": "q", "response": "r", "metadata": {"k": [1, null]}});
    let message = document.call_at(user, Method::POST, "/messages/add-message", message).await;
    let moved = json!({"chat_id": chat, "question": "q", "response": "r", "expected_head": null});
    document.call_at(user, Method::POST, "/messages/add-message", moved).await;
    let response = text(&message["response_id"]);
    let edits = [
        json!({"response_id": response, "response": "again", "activate": false}),
        json!({"response_id": chat, "response": "again"}),
        json!({"response_id": response, "question": "", "response": ""}),
    ];
    for edit in edits {
        document.call_at(user, Method::POST, "/messages/edit-message", edit).await;
    }
    let fork = json!({"original_chat_id": chat, "branch_from_response_id": response});
    let branch = document.call_at(user, Method::POST, "/branches/create-branch", fork).await;
    let branch = text(&branch["branch_id"]).to_owned();
    for (source, onto) in [(response, &*branch), (chat, &*branch), (response, response)] {
        let pick = json!({"response_ids": [source], "onto_branch_id": onto, "onto_response_id": null});
        document.call_at(user, Method::POST, "/branches/cherry-pick", pick).await;
    }
    let taken = json!({"original_chat_id": chat, "branch_from_response_id": null, "new_chat_id": branch});
    document.call_at(user, Method::POST, "/branches/create-branch", taken).await;
    let lists = [
        format!("/messages/get-versions?response_id={response}"),
        format!("/messages/get-versions?response_id={chat}"),
        format!("/messages/get-messages?chat_id={branch}"),
        format!("/messages/get-messages?chat_id={branch}&from_depth=1"),
        "/messages/all-messages".to_owned(),
        format!("/messages/all-messages?chat_id={chat}&order=asc"),
        format!("/branches/get-branches?chat_id={chat}"),
        format!("/branches/get-branches?chat_id={chat}&tag=x&archived=false"),
        format!("/messages/get-tree?chat_id={chat}"),
        format!("/messages/get-tree?chat_id={chat}&preview=true"),
        format!("/branches/compare?left={branch}&right={chat}"),
    ];
    for list in lists {
        document.call_at(user, Method::GET, &list, Value::Null).await;
    }
    let path = format!("/messages/get-message/{response}");
    document.call(user, Method::GET, "/messages/get-message/{response_id}", &path, Value::Null).await;
    let (template, path) =
        ("/messages/update-message/{response_id}", format!("/messages/update-message/{response}"));
    for change in [json!({"metadata": {"k": 2}}), json!({"metadata": {}, "chat_id": response}), json!({})] {
        document.call(user, Method::PUT, template, &path, change).await;
    }
    let path = format!("/branches/get-branch/{branch}");
    document.call(user, Method::GET, "/branches/get-branch/{branch_id}", &path, Value::Null).await;
    let switch = json!({"chat_id": chat, "branch_id": branch});
    document.call_at(user, Method::PUT, "/branches/set-active-branch", switch).await;
    let path = format!("/branches/update-branch/{branch}");
    document
        .call(
            user,
            Method::PUT,
            "/branches/update-branch/{branch_id}",
            &path,
            json!({"name": "x", "tags": ["t"]}),
        )
        .await;
    branch
}

async fn record_answers(document: &mut Document, user: &TestClient, chat: &str) {
    let record = document.call_at(user, Method::POST, "/conversations", json!({"chat_id": chat})).await;
    document.call_at(user, Method::GET, &format!("/conversations?chat_id={chat}"), Value::Null).await;
    let path = format!("/conversations/{}", text(&record["id"]));
    for _ in 0..2 {
        document.call(user, Method::DELETE, "/conversations/{id}", &path, Value::Null).await;
    }
}

async fn fork_answers(document: &mut Document, user: &TestClient, chat: &str) {
    let fork = json!({"chat_id": chat});
    let fork = document.call_at(user, Method::POST, "/chats/fork-chat", fork).await;
    for missing in [
        json!({"chat_id": fork["forked_from"]["response_id"]}),
        json!({"chat_id": chat, "branch_id": fork["chat_id"]}),
        json!({"chat_id": chat, "response_id": chat}),
        json!({}),
    ] {
        document.call_at(user, Method::POST, "/chats/fork-chat", missing).await;
    }
}

async fn model_answers(document: &mut Document, user: &TestClient, chat: &str) {
    document.call_at(user, Method::GET, "/models/get-models", Value::Null).await;
    let create = "/answers/create-answer";
    for wrong in [
        json!({"chat_id": chat}),
        json!({"chat_id": chat, "question": "q", "model": "unknown"}),
        json!({"chat_id": chat, "question": "q", "parent_response_id": chat}),
        json!({"chat_id": chat, "question": "q", "expected_head": null}),
        json!({"chat_id": chat, "question": "q", "temperature": 3, "stop": [], "tools": {}}),
    ] {
        document.call_at(user, Method::POST, create, wrong).await;
    }
    let slow = json!({"chat_id": chat, "question": "[[delay:60000]] q", "model": "banyan/echo"});
    let answer = document.call_at(user, Method::POST, create, slow.clone()).await;
    document.call_at(user, Method::POST, create, slow).await;
    document.call_at(user, Method::GET, &format!("/answers/get-answers?chat_id={chat}"), Value::Null).await;
    let id = text(&answer["response_id"]);
    let again = json!({"response_id": id});
    document.call_at(user, Method::POST, "/answers/regenerate-answer", again.clone()).await;
    let (show, stop) = ("/answers/get-answer/{response_id}", "/answers/stop-answer/{response_id}");
    for id in [id, chat] {
        let path = show.replace("{response_id}", id);
        document.call(user, Method::GET, show, &path, Value::Null).await;
        let path = stop.replace("{response_id}", id);
        document.call(user, Method::POST, stop, &path, Value::Null).await;
    }
    let path = show.replace("{response_id}", id);
    while document.call(user, Method::GET, show, &path, Value::Null).await["message"].is_null() {}
    let again = json!({"response_id": id, "chat_id": chat, "model": "banyan/echo"});
    let again = document.call_at(user, Method::POST, "/answers/regenerate-answer", again).await;
    let template = "/api/v1/answers/stream-answer/{response_id}";
    let follow = template.replace("{response_id}", text(&again["response_id"]));
    let stop = stop.replace("{response_id}", text(&again["response_id"]));
    user.post(&format!("/api/v1{stop}"), &Value::Null).await.expect(200);
    let stream = user.get(&follow).await.expect(200);
    document.check_stream("GET", template, &stream);
    let missing = user.get(&template.replace("{response_id}", chat)).await.expect(404);
    document.check("GET", template, &missing);
}

async fn provider_answers(document: &mut Document, user: &TestClient) {
    let (list, template) = ("/providers/get-providers", "/providers/set-key/{provider}");
    let (fig, plum) = ("/providers/set-key/fig", "/providers/set-key/plum");
    let key = json!({"api_key": "sk-0123456789abcdef9f2a"});
    document.call_at(user, Method::GET, list, Value::Null).await;
    for (path, body) in [(fig, key.clone()), (fig, json!({"api_key": ""})), (plum, key)] {
        document.call(user, Method::PUT, template, path, body).await;
    }
    document.call_at(user, Method::GET, list, Value::Null).await;
    for path in [fig, fig] {
        document.call(user, Method::DELETE, template, path, Value::Null).await;
    }
}

async fn deletion_answers(document: &mut Document, user: &TestClient, chat: &str, branch: &str) {
    for id in [chat, branch] {
        let path = format!("/branches/delete-branch/{id}");
        document.call(user, Method::DELETE, "/branches/delete-branch/{branch_id}", &path, Value::Null).await;
    }
    let list = format!("/branches/deleted-branches?chat_id={chat}");
    document.call_at(user, Method::GET, &list, Value::Null).await;
    for id in [branch, branch, "x"] {
        let path = format!("/branches/restore-branch/{id}");
        document.call(user, Method::POST, "/branches/restore-branch/{branch_id}", &path, Value::Null).await;
    }
    let path = format!("/chats/delete-chat/{chat}");
    for path in [path.clone(), path.clone(), format!("{path}?permanent=maybe")] {
        document.call(user, Method::DELETE, "/chats/delete-chat/{chat_id}", &path, Value::Null).await;
    }
    document.call_at(user, Method::GET, "/chats/deleted-chats", Value::Null).await;
    document.call_at(user, Method::GET, "/chats/deleted-chats?limit=0", Value::Null).await;
    for id in [chat, branch] {
        let path = format!("/chats/restore-chat/{id}");
        document.call(user, Method::POST, "/chats/restore-chat/{chat_id}", &path, Value::Null).await;
    }
}
