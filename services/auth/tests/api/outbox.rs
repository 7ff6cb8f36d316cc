//! Metrics of the outbox: deliveries of deleted accounts to chat.

use crate::app::{PASSWORD, spawn_app_with};
use serde_json::json;
use shared_test_kit::{Samples, shown_metrics};
use std::time::Duration;
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

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
