//! `/livez`, `/readyz`, `/health`.

use crate::app::{all_at, no_cache, spawn_deployment, spawn_with};
use reqwest::Method;
use serde_json::json;
use shared_test_kit::unreachable_url;
use wiremock::matchers::path;
use wiremock::{Mock, ResponseTemplate};

#[tokio::test]
async fn the_gateway_is_ready_when_its_three_services_are() {
    let deployment = spawn_deployment().await;
    let client = &deployment.gateway.client;
    assert_eq!(client.get("/readyz").await.expect(200).json(), json!({"status": "ready"}));
    Mock::given(path("/readyz")).respond_with(ResponseTemplate::new(503)).mount(&deployment.branch).await;
    let answer = client.get("/readyz").await.expect(503);
    assert_eq!((answer.code().as_str(), &answer.json()["down"]), ("service_unavailable", &json!(["branch"])));
}

#[tokio::test]
async fn without_services_livez_passes_and_readyz_names_those_that_are_down() {
    let gateway = spawn_with(all_at(&unreachable_url()), no_cache());
    let down = gateway.client.get("/readyz").await.expect(503).json()["down"].clone();
    assert_eq!(down, json!(["auth", "chat", "branch"]));
    for path in ["/livez", "/health", "/health/"] {
        assert_eq!(gateway.client.get(path).await.expect(200).json(), json!({"status": "ok"}));
        gateway.client.send(Method::HEAD, path, None).await.expect(200);
        let answer = gateway.client.delete(path).await.expect(405);
        assert_eq!(answer.header("allow"), "GET, HEAD");
    }
}
