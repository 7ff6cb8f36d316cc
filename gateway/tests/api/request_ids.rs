//! One request id in the response, in the error, and at the service.

use crate::app::{only_request, spawn_before, spawn_deployment};
use shared_test_kit::unreachable_url;

const PATH: &str = "/api/v1/chats/get-chat";

#[tokio::test]
async fn a_request_id_is_passed_on_and_returned_once() {
    let deployment = spawn_deployment().await;
    let answer = deployment.gateway.user().with_header("x-request-id", "mine-1").get(PATH).await.expect(200);
    let answered: Vec<_> = answer.headers.get_all("x-request-id").iter().collect();
    assert_eq!(answered, ["mine-1"]);
    let request = only_request(&deployment.chat).await;
    let passed_on: Vec<_> = request.headers.get_all("x-request-id").iter().collect();
    assert_eq!(passed_on, ["mine-1"]);
}

#[tokio::test]
async fn an_unsafe_request_id_is_replaced_for_client_and_service() {
    let deployment = spawn_deployment().await;
    let answer = deployment.gateway.user().with_header("x-request-id", "a b\"c").get(PATH).await.expect(200);
    let made = answer.header("x-request-id");
    assert_ne!(made, "a b\"c");
    assert_eq!(only_request(&deployment.chat).await.headers["x-request-id"], made);
}

#[tokio::test]
async fn the_gateways_errors_have_the_request_id() {
    let gateway = spawn_before(&unreachable_url());
    let answer = gateway.user().with_header("x-request-id", "mine-2").get(PATH).await.expect(503);
    assert_eq!(
        (answer.json()["request_id"].as_str(), answer.header("x-request-id")),
        (Some("mine-2"), "mine-2")
    );
}
