//! The report of activity to the chat service, in the background.

use crate::app::{Chat, TestApp, spawn_app};
use serde_json::{Value, json};
use std::time::Duration;
use wiremock::matchers::method;
use wiremock::{Mock, Request, ResponseTemplate};

/// The report of a chat in a request, if that has one.
fn report_of(request: &Request, chat: &Chat) -> Option<Value> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body["chats"].as_array()?.iter().find(|report| report["chat_id"] == chat.id.as_str()).cloned()
}

/// Waits until the chat service is told of a chat with these values, in a request after so many.
async fn wait_for_report(app: &TestApp, chat: &Chat, expected: &Value, skipped: usize) -> Value {
    let is_expected =
        |report: &Value| expected.as_object().unwrap().iter().all(|(name, value)| report[name] == *value);
    let reported = async {
        loop {
            let requests = app.chat.received_requests().await.unwrap();
            let mut reports = requests.iter().skip(skipped).filter_map(|request| report_of(request, chat));
            if let Some(report) = reports.find(|report| is_expected(report)) {
                return report;
            }
            tokio::task::yield_now().await;
        }
    };
    let reported = tokio::time::timeout(Duration::from_secs(60), reported).await;
    reported.unwrap_or_else(|_| panic!("no report of {expected}"))
}

#[tokio::test]
async fn the_chat_service_is_told_of_what_changes() {
    let app = spawn_app().await;
    let chat = app.chat();
    let first = chat.say(&chat.id, "1").await;
    let expected = json!({
        "active_branch_id": chat.id, "message_count": 1, "last_message_at": first["timestamp"],
        "changed_at": first["timestamp"],
    });
    let report = wait_for_report(&app, &chat, &expected, 0).await;
    assert_eq!(report.as_object().unwrap().len(), 6, "{report}");

    let fork = chat.fork(&first["response_id"]).await;
    chat.activate(&chat.id, &fork).await.expect(200);
    let expected = json!({"active_branch_id": fork, "message_count": 1});
    let later = wait_for_report(&app, &chat, &expected, 0).await;
    assert!(report["version"].as_i64() < later["version"].as_i64());
}

#[tokio::test]
async fn an_append_does_not_need_the_chat_service_and_is_reported_once_that_is_back() {
    let app = spawn_app().await;
    let chat = app.chat();
    chat.say(&chat.id, "1").await;
    let refusal = Mock::given(method("PUT")).respond_with(ResponseTemplate::new(503)).with_priority(1);
    let refusal = refusal.expect(2..).mount_as_scoped(&app.chat).await;
    chat.say(&chat.id, "2").await;
    refusal.wait_until_satisfied().await;
    chat.say(&chat.id, "3").await;
    drop(refusal);
    let refused = app.chat.received_requests().await.unwrap().len();
    wait_for_report(&app, &chat, &json!({"message_count": 3}), refused).await;
}
