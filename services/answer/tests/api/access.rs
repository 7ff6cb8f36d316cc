//! Who may call what, the document, and the models.

use crate::app::{ANSWERS, spawn_app};
use reqwest::Method;
use serde_json::json;
use shared::ids::ResponseId;
use shared_test_kit::TestClient;

#[tokio::test]
async fn every_route_needs_a_token() {
    let app = spawn_app().await;
    let (id, anyone) = (ResponseId::generate(), TestClient::new(app.service.url()));
    for (method, path) in [
        (Method::POST, format!("{ANSWERS}/create-answer")),
        (Method::POST, format!("{ANSWERS}/regenerate-answer")),
        (Method::GET, format!("{ANSWERS}/get-answer/{id}")),
        (Method::GET, format!("{ANSWERS}/stream-answer/{id}")),
        (Method::POST, format!("{ANSWERS}/stop-answer/{id}")),
        (Method::GET, format!("{ANSWERS}/get-answers")),
        (Method::GET, "/api/v1/models/get-models".to_owned()),
        (Method::GET, format!("{ANSWERS}/unknown")),
    ] {
        let answer = anyone.send(method.clone(), &path, None).await.expect(401);
        assert_eq!(answer.header("www-authenticate"), "Bearer", "{method} {path}");
    }
    let ann = app.user();
    for (method, path) in [
        (Method::DELETE, format!("/internal/accounts/{id}")),
        (Method::PUT, format!("/internal/chats/{id}/state?state=deleted&number=1")),
    ] {
        anyone.send(method.clone(), &path, None).await.expect(401);
        ann.client.send(method, &path, None).await.expect(401);
    }
}

#[tokio::test]
async fn the_document_has_all_routes_and_what_they_refer_to() {
    let app = spawn_app().await;
    let document = TestClient::new(app.service.url()).get("/openapi.json").await.expect(200).json();
    let routes: Vec<_> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        routes,
        [
            "/api/v1/answers/create-answer",
            "/api/v1/answers/get-answer/{response_id}",
            "/api/v1/answers/get-answers",
            "/api/v1/answers/regenerate-answer",
            "/api/v1/answers/stop-answer/{response_id}",
            "/api/v1/answers/stream-answer/{response_id}",
            "/api/v1/models/get-models",
        ]
    );
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name} is described");
    }
}

#[tokio::test]
async fn without_a_file_there_is_the_echo_model() {
    let app = spawn_app().await;
    let models = app.user().client.get("/api/v1/models/get-models").await.expect(200).json();
    assert_eq!((&models[0]["model"], models.as_array().unwrap().len()), (&json!("banyan/echo"), 1));
    assert!(models[0]["context_window"].is_u64() && models[0]["max_output_tokens"].is_null());
}
