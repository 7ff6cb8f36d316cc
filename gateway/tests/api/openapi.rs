//! `/openapi.json`, from what the services say of themselves.

use crate::app::{TestHouse, no_cache, spawn_house, spawn_with};
use gateway::config::{Patience, Upstreams};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

fn document(path: &str, tag: &str, schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": tag, "version": "0"},
        "tags": [{"name": tag}],
        "paths": {path: {"post": {"tags": [tag], "responses": {"200": {"description": "ok"}}}}},
        "components": {"schemas": {"ErrorBody": schema, tag: {"type": "object"}}},
    })
}

async fn describe(service: &MockServer, document: &Value) {
    Mock::given(path("/openapi.json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(document))
        .mount(service)
        .await;
}

async fn describe_all(house: &TestHouse) {
    let error = json!({"type": "object"});
    describe(&house.auth, &document("/api/v1/auth/login", "auth", &error)).await;
    describe(&house.chat, &document("/api/v1/conversations", "chats", &error)).await;
    let mut branch = document("/api/v1/messages/add-message", "messages", &error);
    branch["paths"]["/internal/chats/{chat_id}"] = json!({"delete": {}});
    describe(&house.branch, &branch).await;
}

#[tokio::test]
async fn the_documents_of_all_services_are_one() {
    let house = spawn_house().await;
    describe_all(&house).await;
    let answer = house.gateway.client.get("/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let merged = answer.json();
    assert_eq!((&merged["openapi"], &merged["servers"]), (&json!("3.1.0"), &json!([{"url": "/"}])));
    assert_eq!(merged["info"]["title"], "Banyan");
    let paths: Vec<_> = merged["paths"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, ["/api/v1/auth/login", "/api/v1/conversations", "/api/v1/messages/add-message"]);
    assert_eq!(merged["tags"], json!([{"name": "auth"}, {"name": "chats"}, {"name": "messages"}]));
    let schemas: Vec<_> = merged["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(schemas, ["ErrorBody", "auth", "chats", "messages"]);
}

#[tokio::test]
async fn one_scheme_logs_in_with_a_form_where_a_token_is_needed() {
    let house = spawn_house().await;
    describe_all(&house).await;
    let merged = house.gateway.client.get("/openapi.json").await.expect(200).json();
    let schemes = merged["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.len(), 1);
    let scheme = &schemes["bearerAuth"];
    assert_eq!(scheme["type"], "oauth2");
    let token = "/api/v1/auth/token";
    assert_eq!(scheme["flows"], json!({"password": {"tokenUrl": token, "refreshUrl": token, "scopes": {}}}));
    let security = |path: &str| merged["paths"][path]["post"]["security"].clone();
    assert_eq!(security("/api/v1/auth/login"), json!([]));
    assert_eq!(security("/api/v1/conversations"), json!([{"bearerAuth": []}]));
}

#[tokio::test]
async fn components_that_differ_under_one_name_are_kept_apart() {
    let house = spawn_house().await;
    describe_all(&house).await;
    house.branch.reset().await;
    let mut branch = document("/api/v1/messages/add-message", "messages", &json!({"type": "string"}));
    branch["paths"]["/api/v1/messages/add-message"]["post"]["x"] =
        json!({"$ref": "#/components/schemas/ErrorBody"});
    describe(&house.branch, &branch).await;
    let merged = house.gateway.client.get("/openapi.json").await.expect(200).json();
    let schemas = &merged["components"]["schemas"];
    assert_eq!(schemas["ErrorBody"], json!({"type": "object"}));
    assert_eq!(schemas["branch.ErrorBody"], json!({"type": "string"}));
    let reference = &merged["paths"]["/api/v1/messages/add-message"]["post"]["x"]["$ref"];
    assert_eq!(reference, "#/components/schemas/branch.ErrorBody");
}

#[tokio::test]
async fn without_a_service_that_was_ever_read_there_is_none_and_later_the_last_one_counts() {
    let house = spawn_house().await;
    // The services answer, but not with JSON.
    let client = &house.gateway.client;
    let answer = client.get("/openapi.json").await.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    describe_all(&house).await;
    let whole = client.get("/openapi.json").await.expect(200).json();
    house.chat.reset().await;
    assert_eq!(client.get("/openapi.json").await.expect(200).json(), whole);
}

#[tokio::test]
async fn the_document_is_kept_for_a_time() {
    let house = spawn_house().await;
    describe_all(&house).await;
    let url = |service: &MockServer| service.uri().parse().unwrap();
    let upstreams = Upstreams { auth: url(&house.auth), chat: url(&house.chat), branch: url(&house.branch) };
    let gateway = spawn_with(upstreams, Patience { document: Duration::from_secs(3600), ..no_cache() });
    for _ in 0..3 {
        gateway.client.get("/openapi.json").await.expect(200);
    }
    assert_eq!(house.auth.received_requests().await.unwrap().len(), 1);
}
