//! Deliveries to the answer service: states of chats.

use crate::app::{DAY, TestApp, eventually, spawn_app_with};
use shared::service::Service;
use shared_test_kit::{Samples, shown_metrics};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// More than the time after which the relay takes up a delivery that nobody has delivered.
const RELAY_PAUSE: Duration = Duration::from_secs(60);

/// A service, and the stand-in for the answer service, which takes everything.
async fn spawn_app_with_answers() -> (TestApp, MockServer) {
    let answer = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&answer).await;
    let url = answer.uri().parse().unwrap();
    (spawn_app_with(|config| config.answer = Some(url)).await, answer)
}

/// What the answer service was told, in no order.
async fn told(answer: &MockServer) -> Vec<String> {
    let requests = answer.received_requests().await.unwrap();
    let of = |request: &wiremock::Request| {
        let query = request.url.query().unwrap_or_default();
        format!("{} {}?{query}", request.method, request.url.path())
    };
    let mut told: Vec<_> = requests.iter().map(of).collect();
    told.sort();
    told
}

#[tokio::test]
async fn the_answer_service_is_told_of_each_change_of_a_chat_with_its_number() {
    let (app, answer) = spawn_app_with_answers().await;
    let ann = app.user();
    let chat = ann.chat("x").await;

    ann.delete_chat(&chat).await.expect(200);
    ann.restore_chat(&chat).await.expect(200);
    ann.delete_permanently(&chat).await.expect(200);

    let path = format!("PUT /internal/chats/{chat}/state");
    let expected = ["?number=1&state=deleted", "?number=2&state=alive", "?number=3&state=destroyed"];
    assert_eq!(told(&answer).await, expected.map(|query| format!("{path}{query}")));
    assert_eq!(app.deliveries().await.len(), 3, "branch is told, too");
}

#[tokio::test]
async fn the_answer_service_is_told_of_chats_that_an_account_or_time_destroys() {
    let (mut app, answer) = spawn_app_with_answers().await;
    let (ann, bob) = (app.user(), app.user());
    let (of_account, of_time) = (ann.chat("x").await, bob.chat("y").await);
    bob.delete_chat(&of_time).await.expect(200);

    app.delete_account(ann.id).await.expect(200);
    app.clock.advance(DAY);
    // The service sweeps at start.
    app.restart().await;
    let path = format!("/internal/chats/{of_time}");
    eventually("the chat is purged", async || app.service(Service::Branch).get(&path).await.status == 404)
        .await;
    app.clock.advance(RELAY_PAUSE);

    let destroyed = |chat: &str, number| {
        let told = format!("PUT /internal/chats/{chat}/state?number={number}&state=destroyed");
        let answer = &answer;
        async move { self::told(answer).await.contains(&told) }
    };
    eventually("both are destroyed", async || {
        destroyed(&of_account, 1).await && destroyed(&of_time, 2).await
    })
    .await;
}

#[tokio::test]
async fn without_an_answer_service_nothing_is_owed_to_it() {
    let metrics = shown_metrics();
    let app = spawn_app_with(|config| config.server.metrics = metrics.clone()).await;
    let ann = app.user();
    let chat = ann.chat("x").await;

    ann.delete_chat(&chat).await.expect(200);

    assert_eq!(app.deliveries().await.len(), 1);
    let owed = Samples::of(&metrics).await.sum("outbox_deliveries", &["service_name=\"chat\""]).unwrap();
    assert_eq!(owed.to_string(), "0");
}

#[tokio::test]
async fn an_answer_service_that_is_down_delays_no_delivery_to_branch() {
    let (app, answer) = spawn_app_with_answers().await;
    answer.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(503)).mount(&answer).await;
    let ann = app.user();
    let chat = ann.chat("x").await;

    ann.delete_chat(&chat).await.expect(200);

    assert_eq!(app.branch_service.state(&chat).as_deref(), Some("deleted"));
    answer.reset().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&answer).await;
    app.clock.advance(Duration::from_secs(10));
    eventually("answer hears of it", async || told(&answer).await.len() == 1).await;
}
