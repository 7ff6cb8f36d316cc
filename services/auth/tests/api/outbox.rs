//! Deliveries of deleted accounts, and the metrics of those that are owed.

use crate::app::{PASSWORD, spawn_app, spawn_app_with};
use serde_json::json;
use shared_test_kit::{Samples, shown_metrics};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const DELIVERIES: &str = "outbox_deliveries";
const AGE: &str = "outbox_oldest_delivery_age_seconds";

#[tokio::test]
async fn the_outbox_backlog_and_its_age_are_gauged_until_delivery() {
    let metrics = shown_metrics();
    let app = spawn_app_with(|config| config.server.metrics = metrics.clone()).await;
    let figures = async || {
        let series = Samples::of(&metrics).await;
        // As text, since they are compared exactly.
        [DELIVERIES, AGE].map(|name| series.sum(name, &["service_name=\"auth\""]).unwrap().to_string())
    };
    assert_eq!(figures().await, ["0", "0"]);

    app.chat.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&app.chat).await;
    for (name, count) in [("ann", "1"), ("bob", "2")] {
        let session = app.session(name).await;
        session.delete_me(&json!({"password": PASSWORD})).await.expect(200);
        assert_eq!(figures().await[0], count);
        app.clock.advance(Duration::from_secs(60));
    }
    assert_eq!(figures().await, ["2", "120"]);

    app.chat.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&app.chat).await;
    app.clock.advance(Duration::from_secs(60));
    let delivered = async { while figures().await != ["0", "0"] {} };
    tokio::time::timeout(Duration::from_secs(30), delivered).await.expect("it is delivered");
}

/// Method and path of what a service was told of accounts.
async fn heard(service: &MockServer) -> Vec<String> {
    let requests = service.received_requests().await.unwrap();
    requests.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect()
}

#[tokio::test]
async fn the_answer_service_is_told_of_deleted_accounts_where_there_is_one() {
    let answer = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&answer).await;
    let url = answer.uri().parse().unwrap();
    let app = spawn_app_with(|config| config.answer = Some(url)).await;
    let ann = app.session("ann").await;

    ann.delete_me(&json!({"password": PASSWORD})).await.expect(200);

    let deletion = format!("DELETE /internal/accounts/{}", ann.user_id);
    for told in [&answer, &app.chat] {
        assert_eq!(heard(told).await, [deletion.as_str()]);
    }
}

#[tokio::test]
async fn without_an_answer_service_nothing_is_owed_to_it() {
    let metrics = shown_metrics();
    let app = spawn_app_with(|config| config.server.metrics = metrics.clone()).await;
    let ann = app.session("ann").await;

    ann.delete_me(&json!({"password": PASSWORD})).await.expect(200);

    assert_eq!(heard(&app.chat).await, [format!("DELETE /internal/accounts/{}", ann.user_id)]);
    let owed = Samples::of(&metrics).await.sum(DELIVERIES, &["service_name=\"auth\""]).unwrap();
    assert_eq!(owed.to_string(), "0");
}

#[tokio::test]
async fn what_the_answer_service_is_owed_is_delivered_when_it_is_there_again() {
    let mut app = spawn_app().await;
    let (ann, url) = (app.session("ann").await, app.chat.uri());
    let down = MockServer::start().await;
    let answer = down.uri().parse().unwrap();
    app.restart_with(|config| config.answer = Some(answer)).await;
    ann.at(&app).delete_me(&json!({"password": PASSWORD})).await.expect(200);
    assert_eq!(heard(&down).await.len(), 1, "it was told, and did not take it");
    app.chat.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&app.chat).await;

    app.restart_with(|config| config.answer = Some(url.parse().unwrap())).await;
    app.clock.advance(Duration::from_secs(60));

    let delivered = async { while heard(&app.chat).await.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(30), delivered).await.expect("it is delivered");
}
