//! The metrics of all services of one process, on one port.

use crate::app::spawn_stack;
use shared_test_kit::Samples;
use std::collections::BTreeSet;

const COUNT: &str = "http_server_request_duration_seconds_count";

#[tokio::test]
async fn every_service_counts_its_requests_and_its_connections() {
    let stack = spawn_stack().await;
    let ann = stack.user("ann").await;
    let chat = ann.chat("Trees").await;
    ann.say(&chat, "What is a banyan?").await;
    let series = Samples::of(&stack.metrics).await;
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
    for service in ["auth", "chat", "branch", "answer"] {
        let service = format!("service_name=\"{service}\"");
        let value = |name: &str, labels: &[&str]| series.sum(name, &[&[service.as_str()], labels].concat());
        let (used, idle) = ("db_client_connection_state=\"used\"", "db_client_connection_state=\"idle\"");
        let count = "db_client_connection_count";
        assert!(value(count, &[used]).is_some(), "{service}");
        assert!(value(count, &[idle]).unwrap() > 0.0, "{service}");
        assert!(value("db_client_connection_max", &[]).unwrap() > 0.0, "{service}");
        assert_eq!(value("db_client_connection_pending_requests", &[]), Some(0.0), "{service}");
    }
    assert_eq!(series.sum("gateway_upstream_replica_up", &[]), Some(4.0));
    for service in ["auth", "chat"] {
        let service = format!("service_name=\"{service}\"");
        for name in ["outbox_deliveries", "outbox_oldest_delivery_age_seconds"] {
            assert_eq!(series.sum(name, &[&service]), Some(0.0), "{name} {service} in {series:?}");
        }
    }
    assert!(series.sum("activity_report_lag_seconds", &["service_name=\"branch\""]).is_some(), "{series:?}");
    for state in ["state=\"running\"", "state=\"waiting\""] {
        assert_eq!(series.sum("password_hash_jobs", &[state]), Some(0.0), "{series:?}");
        assert!(series.sum("password_hash_jobs_max", &[state]) >= Some(1.0), "{series:?}");
    }
}

/// The names of metrics and labels in a text, of those that the services have.
fn names(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let is_ours = |name: &&str| {
        [
            "http_",
            "db_client_",
            "gateway_",
            "limits_",
            "tokens_",
            "outbox_",
            "activity_",
            "password_",
            "process_",
            "build_",
        ]
        .iter()
        .any(|beginning| name.starts_with(beginning))
    };
    text.split(|c| !is_name(c)).filter(is_ours).collect()
}

#[tokio::test]
async fn the_dashboard_and_the_alerts_name_only_exposed_metrics() {
    let stack = spawn_stack().await;
    stack.user("ann").await.chat("Trees").await;
    stack.client.get("/api/v1/auth/me").await.expect(401);
    let series = Samples::of(&stack.metrics).await;
    let is_shown = |name: &&str| {
        let (metric, label) = (format!("{name}{{"), format!("{name}=\""));
        series
            .0
            .keys()
            .any(|series| *series == *name || series.starts_with(&metric) || series.contains(&label))
    };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../observability");
    for file in ["grafana/banyan.json", "prometheus/rules.yml"] {
        let text = std::fs::read_to_string(format!("{folder}/{file}")).unwrap();
        let (shown, unknown): (Vec<_>, Vec<_>) = names(&text).into_iter().partition(is_shown);
        assert!(shown.len() > 10, "{file}: {shown:?}");
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}
