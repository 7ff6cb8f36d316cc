//! The conventions of the API, on the routes of this service.

use crate::app::{CHATS, spawn_app};
use reqwest::Method;
use serde_json::json;
use shared::ids::ChatId;

#[tokio::test]
async fn a_trailing_slash_changes_nothing() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.client.post("/api/v1/chats/create-chat/", &json!({"name": "x"})).await.expect(201).json();
    let id = chat["chat_id"].as_str().unwrap();
    for path in ["/api/v1/chats/get-chat", "/api/v1/chats/get-chat/", "/api/v1/chats/get-chat/?limit=5"] {
        assert_eq!(ann.client.get(path).await.expect(200).json(), json!([chat]));
    }
    assert_eq!(ann.get_chat(&format!("{id}/")).await.expect(200).json(), chat);
    ann.update_chat(&format!("{id}/"), &json!({"name": "x"})).await.expect(200);

    for path in ["/api/v1/conversations", "/api/v1/conversations/"] {
        ann.client.post(path, &json!({"chat_id": id})).await.expect(201);
        ann.client.get(&format!("{path}?chat_id={id}")).await.expect(200);
    }
    let fork = format!("{CHATS}/fork-chat/");
    ann.client.post(&fork, &json!({"chat_id": id})).await.expect(201);
    ann.delete_chat(&format!("{id}/")).await.expect(200);
    assert_eq!(ann.deleted_chats("/").await.expect(200).json()[0]["chat_id"], id);
    ann.restore_chat(&format!("{id}/")).await.expect(200);
}

#[tokio::test]
async fn every_route_needs_a_token() {
    let app = spawn_app().await;
    let id = ChatId::generate();
    for (method, path) in [
        (Method::POST, "/api/v1/chats/create-chat".to_owned()),
        (Method::GET, "/api/v1/chats/get-chat".to_owned()),
        (Method::HEAD, "/api/v1/chats/get-chat".to_owned()),
        (Method::GET, format!("/api/v1/chats/get-chat/{id}")),
        (Method::PUT, format!("/api/v1/chats/update-chat/{id}")),
        (Method::POST, "/api/v1/chats/fork-chat".to_owned()),
        (Method::DELETE, format!("/api/v1/chats/delete-chat/{id}")),
        (Method::GET, "/api/v1/chats/deleted-chats".to_owned()),
        (Method::POST, format!("/api/v1/chats/restore-chat/{id}")),
        (Method::POST, "/api/v1/conversations/".to_owned()),
        (Method::GET, "/api/v1/conversations/".to_owned()),
        (Method::DELETE, format!("/api/v1/conversations/{id}")),
        (Method::GET, "/api/v1/chats/unknown".to_owned()),
        (Method::PATCH, "/api/v1/chats/get-chat".to_owned()),
    ] {
        let answer = app.client.send(method.clone(), &path, None).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_api() {
    let app = spawn_app().await;
    let ann = app.user();
    let text = ann.client.with_header("content-type", "text/plain");
    let create = format!("{CHATS}/create-chat");
    let too_large = "x".repeat(shared_web::body_limits::MAX_BODY_BYTES + 1);
    ann.client.get("/api/v1/chats/unknown").await.expect(404);
    app.client.get("/nowhere").await.expect(404);
    text.send(Method::POST, &create, Some(too_large)).await.expect(413);
    text.send(Method::POST, &create, Some("{".to_owned())).await.expect(415);
    let encoded = ann.client.with_header("content-encoding", "gzip");
    let answer = encoded.send(Method::POST, &create, Some("{".to_owned())).await.expect(415);
    assert_eq!(answer.header("accept-encoding"), "identity");
    encoded.get(&format!("{CHATS}/get-chat")).await.expect(200);

    let unknown = format!("{CHATS}/update-chat/{}", ChatId::generate());

    text.send(Method::PUT, &unknown, Some("{}".to_owned())).await.expect(415);
    ann.send(Method::PUT, &unknown, "{").await.expect(422);
    ann.send(Method::PUT, &unknown, "{}").await.expect(404);
}

#[tokio::test]
async fn a_wrong_method_is_a_405_with_allow() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ChatId::generate();
    for (method, path, allow) in [
        (Method::GET, format!("{CHATS}/create-chat"), "POST"),
        (Method::POST, format!("{CHATS}/get-chat"), "GET, HEAD"),
        (Method::DELETE, format!("{CHATS}/get-chat/{id}"), "GET, HEAD"),
        (Method::POST, format!("{CHATS}/update-chat/{id}"), "PUT"),
        (Method::PUT, format!("{CHATS}/fork-chat"), "POST"),
        (Method::GET, format!("{CHATS}/delete-chat/{id}"), "DELETE"),
        (Method::POST, format!("{CHATS}/deleted-chats"), "GET, HEAD"),
        (Method::PUT, format!("{CHATS}/restore-chat/{id}"), "POST"),
        (Method::DELETE, "/api/v1/conversations/".to_owned(), "GET, HEAD, POST"),
        (Method::GET, format!("/api/v1/conversations/{id}"), "DELETE"),
    ] {
        let answer = ann.client.send(method, &path, None).await.expect(405);
        assert_eq!(answer.header("allow"), allow, "{path}");
        assert_eq!(answer.code(), "method_not_allowed");
    }
}

#[tokio::test]
async fn every_get_answers_head() {
    let app = spawn_app().await;
    let ann = app.user();
    let chat = ann.chat("x").await;
    ann.conversation(&chat, "one").await;
    ann.conversation(&chat, "two").await;
    let records = format!("/api/v1/conversations?chat_id={chat}&limit=1");
    for name in ["y", "z"] {
        ann.delete_chat(&ann.chat(name).await).await.expect(200);
    }
    let deleted = format!("{CHATS}/deleted-chats?limit=1");
    for path in [format!("{CHATS}/get-chat"), format!("{CHATS}/get-chat/{chat}"), records, deleted] {
        let answer = ann.client.send(Method::HEAD, &path, None).await.expect(200);
        assert_eq!(answer.text, "");
        let whole = ann.client.get(&path).await.expect(200);
        assert_eq!(answer.header("content-length"), whole.text.len().to_string());
        assert_eq!(answer.header("link"), whole.header("link"));
    }
}

#[tokio::test]
async fn accept_chooses_the_media_type_of_an_error() {
    let app = spawn_app().await;
    let ann = app.user();
    let problem = ann.client.with_header("accept", "application/problem+json");
    let answer = problem.get(&format!("{CHATS}/get-chat/{}", ChatId::generate())).await.expect(404);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let body = answer.json();
    assert_eq!((&body["status"], &body["detail"]), (&json!(404), &json!("Chat not found")));
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    let keyed = problem.with_header("idempotency-key", "k");
    let create = format!("{CHATS}/create-chat");
    keyed.post(&create, &json!({"name": "x"})).await.expect(201);

    let body = keyed.post(&create, &json!({"name": "y"})).await.expect(422).json();

    assert_eq!(body["code"], "idempotency_key_reused");
    assert!(body["detail"].is_string());
    assert!(body["errors"].is_array());
}

#[tokio::test]
async fn health_and_the_document_need_no_token() {
    let app = spawn_app().await;
    for path in ["/livez", "/readyz"] {
        app.client.get(path).await.expect(200);
    }
    let document = app.client.get("/openapi.json").await.expect(200).json();
    let routes: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        routes,
        [
            "/api/v1/chats/create-chat",
            "/api/v1/chats/delete-chat/{chat_id}",
            "/api/v1/chats/deleted-chats",
            "/api/v1/chats/fork-chat",
            "/api/v1/chats/get-chat",
            "/api/v1/chats/get-chat/{chat_id}",
            "/api/v1/chats/restore-chat/{chat_id}",
            "/api/v1/chats/update-chat/{chat_id}",
            "/api/v1/conversations",
            "/api/v1/conversations/{id}",
        ]
    );

    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is described");
    }
}
