//! `/openapi.json`, merged from the documents of the services.

use crate::app::{TestDeployment, no_cache, spawn_deployment, spawn_deployment_with, spawn_with};
use crate::ui::with_ui;
use gateway::config::{Timeouts, UpstreamUrls};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

pub fn document(path: &str, tag: &str, schema: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": tag, "version": "0"},
        "tags": [{"name": tag}],
        "paths": {path: {"post": {"tags": [tag], "responses": {"200": {"description": "ok"}}}}},
        "components": {"schemas": {"ErrorBody": schema, tag: {"type": "object"}}},
    })
}

pub async fn describe(service: &MockServer, document: &Value) {
    Mock::given(path("/openapi.json"))
        .respond_with(ResponseTemplate::new(200).set_body_json(document))
        .mount(service)
        .await;
}

pub async fn describe_all(deployment: &TestDeployment) {
    let error = json!({"type": "object"});
    describe(&deployment.auth, &document("/api/v1/auth/login", "auth", &error)).await;
    describe(&deployment.chat, &document("/api/v1/conversations", "conversations", &error)).await;
    let mut branch = document("/api/v1/messages/add-message", "messages", &error);
    branch["paths"]["/internal/chats/{chat_id}"] = json!({"delete": {}});
    describe(&deployment.branch, &branch).await;
}

#[tokio::test]
async fn the_documents_of_all_services_are_merged() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    let answer = deployment.gateway.client.get("/openapi.json").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let merged = answer.json();
    let server = deployment.gateway.url.as_str().trim_end_matches('/');
    assert_eq!((&merged["openapi"], &merged["servers"]), (&json!("3.1.0"), &json!([{"url": server}])));
    assert_eq!(merged["info"]["title"], "Banyan");
    // In the order in which they are used, which is not that of the alphabet.
    let place = |text: &str| answer.text.find(&format!("\"{text}\":{{\"post\"")).unwrap();
    let places = ["/api/v1/auth/login", "/api/v1/messages/add-message", "/api/v1/conversations"].map(place);
    assert!(places.is_sorted(), "{places:?}");
    assert_eq!(merged["paths"].as_object().unwrap().len(), 3);
    assert_eq!(merged["tags"], json!([{"name": "auth"}, {"name": "messages"}, {"name": "conversations"}]));
    let schemas: Vec<_> = merged["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(schemas, ["ErrorBody", "auth", "conversations", "messages"]);
}

#[tokio::test]
async fn protected_operations_require_one_of_two_security_schemes() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    let merged = deployment.gateway.client.get("/openapi.json").await.expect(200).json();
    let schemes = merged["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.len(), 2);
    let bearer = &schemes["bearerAuth"];
    assert_eq!((&bearer["type"], &bearer["scheme"]), (&json!("http"), &json!("bearer")));
    let password = &schemes["oauth2"];
    assert_eq!(password["type"], "oauth2");
    let token = "/api/v1/auth/token";
    assert_eq!(
        password["flows"],
        json!({"password": {"tokenUrl": token, "refreshUrl": token, "scopes": {}}})
    );
    let security = |path: &str| merged["paths"][path]["post"]["security"].clone();
    assert_eq!(security("/api/v1/auth/login"), json!([]));
    assert_eq!(security("/api/v1/conversations"), json!([{"bearerAuth": []}, {"oauth2": []}]));
}

#[tokio::test]
async fn the_server_url_is_the_requested_one_or_that_of_a_trusted_proxy() {
    let deployment =
        spawn_deployment_with(|config| config.downstream.trusted_proxies = "127.0.0.1".parse().unwrap())
            .await;
    describe_all(&deployment).await;
    let server = async |headers: &[(&str, &str)], path: &str| {
        let client = deployment.gateway.client.clone();
        let client = headers.iter().fold(client, |client, (name, value)| client.with_header(name, value));
        client.get(path).await.expect(200).json()["servers"][0]["url"].clone()
    };
    for path in ["/openapi.json", "/openapi-3.0.json"] {
        assert_eq!(server(&[("host", "api.example:81")], path).await, "http://api.example:81");
        let told = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "api.example"),
            ("x-forwarded-prefix", "/banyan"),
        ];
        assert_eq!(server(&told, path).await, "https://api.example/banyan");
    }
    let page = deployment.gateway.client.with_header("x-forwarded-prefix", "/banyan").get("/docs").await.text;
    assert!(page.contains("\"/banyan/docs/swagger-ui.css\"") && !page.contains("\"/docs/"), "{page}");
}

#[tokio::test]
async fn an_unchanged_document_is_a_304() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    for path in ["/openapi.json", "/openapi-3.0.json"] {
        let client = &deployment.gateway.client;
        let tag = client.get(path).await.expect(200).header("etag").to_owned();
        let known = client.with_header("if-none-match", &tag).get(path).await.expect(304);
        assert_eq!((known.header("etag"), known.text.as_str()), (tag.as_str(), ""));
        client.with_header("if-none-match", "\"another\"").get(path).await.expect(200);
    }
}

#[tokio::test]
async fn conflicting_components_are_kept_apart() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    deployment.branch.reset().await;
    let mut branch = document("/api/v1/messages/add-message", "messages", &json!({"type": "string"}));
    branch["paths"]["/api/v1/messages/add-message"]["post"]["x"] =
        json!({"$ref": "#/components/schemas/ErrorBody"});
    describe(&deployment.branch, &branch).await;
    let merged = deployment.gateway.client.get("/openapi.json").await.expect(200).json();
    let schemas = &merged["components"]["schemas"];
    assert_eq!(schemas["ErrorBody"], json!({"type": "object"}));
    assert_eq!(schemas["branch.ErrorBody"], json!({"type": "string"}));
    let reference = &merged["paths"]["/api/v1/messages/add-message"]["post"]["x"]["$ref"];
    assert_eq!(reference, "#/components/schemas/branch.ErrorBody");
}

#[tokio::test]
async fn a_service_that_was_never_fetched_is_a_503_and_later_its_last_document_is_used() {
    let deployment = spawn_deployment().await;
    // The services answer, but not with JSON.
    let client = &deployment.gateway.client;
    let answer = client.get("/openapi.json").await.expect(503);
    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    describe_all(&deployment).await;
    let whole = client.get("/openapi.json").await.expect(200).json();
    deployment.chat.reset().await;
    assert_eq!(client.get("/openapi.json").await.expect(200).json(), whole);
}

#[tokio::test]
async fn the_document_is_cached() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    let url = |service: &MockServer| service.uri().parse().unwrap();
    let upstreams = UpstreamUrls {
        auth: url(&deployment.auth),
        chat: url(&deployment.chat),
        branch: url(&deployment.branch),
        answer: None,
    };
    let gateway = spawn_with(upstreams, Timeouts { document_ttl: Duration::from_secs(3600), ..no_cache() });
    for _ in 0..3 {
        gateway.client.get("/openapi.json").await.expect(200);
    }
    assert_eq!(deployment.auth.received_requests().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_session_of_the_page_is_described_by_the_routes_that_it_passes_to() {
    let deployment = spawn_deployment_with(with_ui).await;
    let mut auth = document("/api/v1/auth/login", "auth", &json!({"type": "object"}));
    let error = json!({"description": "`invalid_x`: X", "content": {"application/json": {"examples": {}}}});
    let responses = json!({"200": {"description": "ok"}, "401": error, "409": error});
    auth["paths"]["/api/v1/auth/login"]["post"]["responses"] = responses.clone();
    auth["paths"]["/api/v1/auth/refresh"] = json!({"post": {"tags": ["auth"], "responses": responses}});
    describe_all(&deployment).await;
    deployment.auth.reset().await;
    describe(&deployment.auth, &auth).await;
    let client = &deployment.gateway.client;
    let merged = client.get("/openapi.json").await.expect(200).json();
    for (path, successes, has_401) in [
        ("/ui/session/login", &["200"][..], true),
        ("/ui/session/refresh", &["200", "204"], false),
        ("/ui/session/logout", &["204"], false),
    ] {
        let operation = &merged["paths"][path]["post"];
        let responses = operation["responses"].as_object().unwrap();
        let described: Vec<_> = responses.keys().filter(|status| status.starts_with('2')).collect();
        assert_eq!(described, successes, "{path}");
        assert_eq!(responses.contains_key("401"), has_401, "{path}");
        for status in ["403", "409", "413", "429", "503", "504"] {
            assert!(responses.contains_key(status), "{path}: {status}");
        }
        assert_eq!((&operation["tags"], &operation["security"]), (&json!(["session"]), &json!([])), "{path}");
    }
    assert_eq!(merged["tags"].as_array().unwrap().last().unwrap()["name"], "session");
    let old = client.get("/openapi-3.0.json").await.expect(200).text;
    assert!(!old.contains("/ui/session") && !old.contains("\"session\""));
}
