//! The metrics of all services of one process, on one port.

use crate::app::spawn_stack;
use shared::test_kit::Series;

const COUNT: &str = "http_server_request_duration_seconds_count";

#[tokio::test]
async fn every_service_counts_its_requests_and_its_connections() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    ann.say(&chat, "What is a banyan?").await;
    let series = Series::of(&stack.metrics).await;
    for (service, route, count) in [
        ("gateway", "/api/v1/auth/login", 1.0),
        ("gateway", "/api/v1/messages", 1.0),
        ("auth", "/api/v1/auth/login", 1.0),
        ("chat", "/api/v1/chats/create-chat", 1.0),
        ("chat", "/internal/chats/{chat_id}", 1.0),
        ("branch", "/api/v1/messages/add-message", 1.0),
    ] {
        let labels = [format!("service_name=\"{service}\""), format!("http_route=\"{route}\"")];
        let labels = labels.each_ref().map(String::as_str);
        assert_eq!(series.sum(COUNT, &labels), Some(count), "{service} {route} in {series:?}");
    }
    for service in ["auth", "chat", "branch"] {
        let service = format!("service_name=\"{service}\"");
        let value = |name: &str, labels: &[&str]| series.sum(name, &[&[service.as_str()], labels].concat());
        let (used, idle) = ("db_client_connection_state=\"used\"", "db_client_connection_state=\"idle\"");
        let count = "db_client_connection_count";
        assert!(value(count, &[used]).is_some(), "{service}");
        assert!(value(count, &[idle]).unwrap() > 0.0, "{service}");
        assert!(value("db_client_connection_max", &[]).unwrap() > 0.0, "{service}");
        assert_eq!(value("db_client_connection_pending_requests", &[]), Some(0.0), "{service}");
    }
    assert_eq!(series.sum("gateway_upstream_replica_up", &[]), Some(3.0));
}
