//! The spans that a collector of OpenTelemetry is sent.

use crate::app::{TestStack, spawn_traced_stack};
use serde_json::json;
use shared::env::{Env, Purpose};
use shared_test_kit::{ExportedSpan, OtlpCollector};
use standalone::traces::StackTraces;
use std::net::TcpListener;
use std::time::{Duration, Instant};

const TRACE_ID: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

async fn spawn_before(endpoint: &str) -> TestStack {
    let env = Env::of([("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)]);
    spawn_traced_stack(StackTraces::from_env(&env, Purpose::Serve).unwrap()).await
}

/// The one span of a service that has this name.
fn one<'a>(spans: &'a [ExportedSpan], service: &str, name: &str) -> &'a ExportedSpan {
    let found: Vec<_> = spans.iter().filter(|span| span.service == service && span.name == name).collect();
    assert_eq!(found.len(), 1, "{service} {name} in {spans:#?}");
    found[0]
}

fn attribute<'a>(span: &'a ExportedSpan, name: &str) -> &'a str {
    span.attributes.get(name).map_or("", String::as_str)
}

#[tokio::test]
async fn spans_follow_a_request_from_its_caller_through_every_service() {
    let collector = OtlpCollector::start();
    let mut stack = spawn_before(&collector.endpoint()).await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    let traceparent = format!("00-{TRACE_ID}-{CALLER}-01");
    let asking = ann.client.with_header("traceparent", &traceparent);
    let message = json!({"chat_id": chat, "question": "?", "response": "!"});
    asking.post("/api/v1/messages/add-message", &message).await.expect(201);
    stack.stop().await;

    let all = collector.spans();
    let spans: Vec<_> = all.iter().filter(|span| span.trace_id == TRACE_ID).cloned().collect();
    assert_eq!(spans.len(), 3, "{spans:#?}");
    let gateway = one(&spans, "gateway", "POST /api/v1/messages");
    let branch = one(&spans, "branch", "POST /api/v1/messages/add-message");
    let chat = one(&spans, "chat", "GET /internal/chats/{chat_id}");
    assert_eq!(gateway.parent_id, CALLER);
    assert_eq!(branch.parent_id, gateway.span_id);
    assert_eq!(chat.parent_id, branch.span_id);
    for (span, method, status) in [(gateway, "POST", "201"), (branch, "POST", "201"), (chat, "GET", "200")] {
        assert_eq!(attribute(span, "http.request.method"), method);
        assert_eq!(attribute(span, "http.response.status_code"), status);
        assert_eq!(format!("{method} {}", attribute(span, "http.route")), span.name);
        assert!(!span.is_error, "{span:?}");
    }
}

#[tokio::test]
async fn without_traceparent_a_trace_begins_at_the_gateway() {
    let collector = OtlpCollector::start();
    let mut stack = spawn_before(&collector.endpoint()).await;
    stack.user("ann").await;
    stack.client.get("/api/v1/chats/no-such-thing?secret=typed").await.expect(401);
    stack.client.get("/livez").await.expect(200);
    stack.stop().await;

    let spans = collector.spans();
    let gateway = one(&spans, "gateway", "POST /api/v1/auth/login");
    let auth = one(&spans, "auth", "POST /api/v1/auth/login");
    assert_eq!(gateway.parent_id, "");
    assert_eq!((&auth.trace_id, &auth.parent_id), (&gateway.trace_id, &gateway.span_id));
    let refused = one(&spans, "gateway", "GET /api/v1/chats");
    assert_eq!(attribute(refused, "http.response.status_code"), "401");
    assert!(!refused.is_error);
    let exported = format!("{spans:?}");
    assert!(
        !exported.contains("livez") && !exported.contains("typed") && !exported.contains("no-such-thing"),
        "{exported}"
    );
}

#[tokio::test]
async fn an_unsampled_caller_is_not_sampled_here() {
    let collector = OtlpCollector::start();
    let mut stack = spawn_before(&collector.endpoint()).await;
    let asking = stack.client.with_header("traceparent", &format!("00-{TRACE_ID}-{CALLER}-00"));
    asking.get("/api/v1/auth/me").await.expect(401);
    stack.client.get("/api/v1/auth/me").await.expect(401);
    stack.stop().await;
    let spans = collector.spans();
    assert_eq!(spans.len(), 1, "{spans:#?}");
    assert_ne!(spans[0].trace_id, TRACE_ID);
}

#[tokio::test]
async fn an_unreachable_collector_delays_neither_requests_nor_the_stop() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut stack = spawn_before(&format!("http://{}", silent.local_addr().unwrap())).await;
    stack.user("ann").await;
    let begun = Instant::now();
    stack.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}
