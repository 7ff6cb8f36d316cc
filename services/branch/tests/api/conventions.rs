//! The rules that every route keeps, shown on this service's.

use crate::app::spawn_app;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let app = spawn_app().await;
    let chat = app.chat();
    let body = json!({"chat_id": chat.id, "question": "q", "response": "r"});
    let made = chat.client.post("/api/v1/messages/add-message/", &body).await.expect(201).json();
    let id = made["response_id"].as_str().unwrap();
    chat.client.get(&format!("/api/v1/messages/get-message/{id}/")).await.expect(200);
    let body = json!({"original_chat_id": chat.id, "branch_from_response_id": id});
    let fork = chat.client.post("/api/v1/branches/create-branch/", &body).await.expect(201).json();
    let fork = fork["branch_id"].as_str().unwrap();
    chat.client
        .put(&format!("/api/v1/branches/update-branch/{fork}/"), &json!({"name": "x"}))
        .await
        .expect(200);
    let body = json!({"chat_id": chat.id, "branch_id": fork});
    chat.client.put("/api/v1/branches/set-active-branch/", &body).await.expect(200);
    chat.client.delete(&format!("/api/v1/branches/delete-branch/{fork}/")).await.expect(200);
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_api() {
    let app = spawn_app().await;
    let chat = app.chat();
    let path = "/api/v1/branches/update-branch/x";
    app.client.send(Method::PUT, path, Some("{".to_owned())).await.expect(401);
    app.client.get("/api/v1/branches/unknown").await.expect(401);
    chat.client.get("/api/v1/branches/unknown").await.expect(404);
    app.client.get("/api/v1/unknown").await.expect(404);
    let answer = chat.client.get(path).await.expect(405);
    assert_eq!(answer.header("allow"), "PUT");
    let text = chat.client.with_header("content-type", "text/plain");
    let too_large = "x".repeat(shared_web::body_limits::MAX_BODY_BYTES + 1);
    text.send(Method::PUT, path, Some(too_large)).await.expect(413);
    text.send(Method::PUT, path, Some("{".to_owned())).await.expect(415);
    let answer = chat.client.send(Method::PUT, path, Some("{".to_owned())).await.expect(422);
    assert_eq!(answer.field_errors(), ["uuid_parsing path.branch_id"]);
}

#[tokio::test]
async fn every_get_answers_head() {
    let app = spawn_app().await;
    let chat = app.chat();
    let message = chat.say(&chat.id, "1").await;
    let id = message["response_id"].as_str().unwrap();
    for path in [
        format!("/api/v1/messages/get-messages?chat_id={}", chat.id),
        format!("/api/v1/messages/get-message/{id}"),
        format!("/api/v1/messages/get-versions?response_id={id}"),
        "/api/v1/messages/all-messages".to_owned(),
        format!("/api/v1/messages/get-tree?chat_id={}", chat.id),
        format!("/api/v1/branches/get-branches?chat_id={}", chat.id),
        format!("/api/v1/branches/get-branch/{}", chat.id),
        format!("/api/v1/branches/compare?left={0}&right={0}", chat.id),
        format!("/api/v1/branches/deleted-branches?chat_id={}", chat.id),
    ] {
        let answer = chat.client.send(Method::HEAD, &path, None).await.expect(200);
        assert_eq!(answer.text, "");
    }
}

#[tokio::test]
async fn every_public_route_is_in_the_document_with_its_errors() {
    let app = spawn_app().await;
    for path in ["/livez", "/readyz"] {
        app.client.get(path).await.expect(200);
    }
    let document = app.client.get("/openapi.json").await.expect(200).json();
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 18);
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.replace("{response_id}", "x").replace("{branch_id}", "x");
            app.client.send(method.clone(), &path, None).await.expect(401);
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("401") && responses.contains_key("422"), "{path}");
            assert!(operation["summary"].is_string(), "{path}");
        }
    }
    let schemas = &document["components"]["schemas"];
    for (name, required) in
        [("BranchFork", "branch_from_response_id"), ("MessageUpdate", "metadata"), ("Message", "metadata")]
    {
        let fields = schemas[name]["required"].as_array().unwrap();
        assert!(fields.contains(&Value::from(required)), "{name}: {}", schemas[name]);
    }
}
