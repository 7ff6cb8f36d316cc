//! The answer service, which a deployment may be without.

use crate::app::{
    TestDeployment, TestGateway, authorization, spawn_before, spawn_configured, spawn_deployment,
};
use crate::openapi::{describe, describe_all, document};
use crate::wire::{self, upstream};
use gateway::config::{AllowedOrigins, Config};
use reqwest::{Method, Url};
use serde_json::json;
use shared::env::{Env, Purpose};
use shared_test_kit::{Samples, unreachable_url};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const PATHS: [&str; 6] = [
    "/api/v1/answers",
    "/api/v1/answers/create-answer",
    "/api/v1/answers/stream-answer/7",
    "/api/v1/models/get-models",
    "/api/v1/providers/get-providers",
    "/api/v1/providers/set-key/openai",
];

/// The services of a deployment behind another gateway, which has an answer service.
fn with_answers(deployment: &TestDeployment, answer: Url) -> TestGateway {
    let url = |service: &MockServer| service.uri().parse().unwrap();
    spawn_configured(&unreachable_url(), |config| {
        config.upstreams.auth = url(&deployment.auth);
        config.upstreams.chat = url(&deployment.chat);
        config.upstreams.branch = url(&deployment.branch);
        config.upstreams.answer = Some(answer);
        config.downstream.allowed_origins = AllowedOrigins::Any;
    })
}

#[tokio::test]
async fn without_an_answer_service_its_routes_are_a_404_and_nothing_else_knows_of_it() {
    let deployment = spawn_deployment().await;
    let gateway = &deployment.gateway;
    for path in PATHS {
        for client in [gateway.client.clone(), gateway.user()] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
                assert_eq!(client.send(method, path, None).await.expect(404).code(), "not_found", "{path}");
            }
            let client = client.with_header("origin", "https://app.example");
            let client = client.with_header("access-control-request-method", "POST");
            client.send(Method::OPTIONS, path, None).await.expect(404);
        }
    }
    gateway.client.get("/readyz").await.expect(200);
    let samples = Samples::of(&gateway.metrics).await;
    let of_answer: Vec<_> = samples.0.keys().filter(|name| name.contains("answer\"")).collect();
    assert!(of_answer.is_empty(), "{of_answer:?}");
}

#[tokio::test]
async fn with_an_answer_service_users_reach_its_routes() {
    let (deployment, answer) = (spawn_deployment().await, MockServer::start().await);
    let fine = ResponseTemplate::new(200).set_body_string("fine");
    Mock::given(any()).respond_with(fine).mount(&answer).await;
    let gateway = with_answers(&deployment, answer.uri().parse().unwrap());
    for path in PATHS {
        gateway.client.get(path).await.expect(401);
        assert_eq!(gateway.user().get(path).await.expect(200).text, "fine", "{path}");
    }
    gateway.user().get("/api/v1/answersx").await.expect(404);
    let client = gateway.client.with_header("origin", "https://app.example");
    let client = client.with_header("access-control-request-method", "GET");
    let client = client.with_header("access-control-request-headers", "authorization,last-event-id");
    let preflight = client.send(Method::OPTIONS, "/api/v1/answers/stream-answer/7", None).await.expect(204);
    assert_eq!(preflight.header("access-control-allow-headers"), "authorization, last-event-id");
    let samples = Samples::of(&gateway.metrics).await;
    assert_eq!(samples.sum("gateway_upstream_replicas", &["upstream=\"answer\""]), Some(1.0));
    assert_eq!(samples.sum("limits_hit_total", &["limit=\"upstream_answer\""]), Some(0.0));
}

#[tokio::test]
async fn a_dead_answer_service_is_a_503_on_its_routes_alone() {
    let deployment = spawn_deployment().await;
    describe_all(&deployment).await;
    let gateway = with_answers(&deployment, unreachable_url());
    gateway.client.get("/readyz").await.expect(200);
    gateway.user().get("/api/v1/chats/get-chat").await.expect(200);
    for path in PATHS {
        let answer = gateway.user().get(path).await.expect(503);
        assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("service_unavailable", "1"));
    }
    let described = gateway.client.get("/openapi.json").await.expect(200).json();
    assert_eq!(described["paths"].as_object().unwrap().len(), 3);
}

#[tokio::test]
async fn the_document_of_the_answer_service_is_merged() {
    let (deployment, answer) = (spawn_deployment().await, MockServer::start().await);
    describe_all(&deployment).await;
    let create = document("/api/v1/answers/create-answer", "answers", &json!({"type": "object"}));
    describe(&answer, &create).await;
    let gateway = with_answers(&deployment, answer.uri().parse().unwrap());
    let described = gateway.client.get("/openapi.json").await.expect(200).json();
    let paths: Vec<_> = described["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone()).collect();
    assert_eq!(paths, ["auth", "messages", "answers", "conversations"]);
    assert!(described["paths"]["/api/v1/answers/create-answer"]["post"]["security"].is_array());
}

/// A service that breaks its first connection after the head of the second request, and answers all others.
async fn breaks_once() -> Url {
    let connections = Arc::new(AtomicUsize::new(0));
    upstream(move |mut wire| {
        let is_first = connections.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            let mut requests = 0;
            while wire.try_until("\r\n\r\n").await.is_some() {
                requests += 1;
                if is_first && requests > 1 {
                    return;
                }
                wire.say("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}").await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_post_with_a_key_is_retried_where_answers_are_made() {
    for (path, key, status) in [
        ("/api/v1/answers/create-answer", Some("key"), 201),
        ("/api/v1/answers/regenerate-answer", Some("key"), 201),
        ("/api/v1/answers/create-answer", None, 503),
        ("/api/v1/answers/stop-answer/7", Some("key"), 503),
    ] {
        let url = breaks_once().await;
        let gateway = spawn_configured(&url, |config| config.upstreams.answer = Some(url.clone()));
        let token = authorization();
        let key = key.map_or_else(String::new, |key| format!("Idempotency-Key: {key}\r\n"));
        let post = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n{token}{key}\r\n");
        // On one connection, so that one worker has both requests, and its connection to the service.
        let mut wire = gateway.wire().await;
        for expected in [201, status] {
            wire.say(&post).await;
            assert_eq!(wire::status(&wire.answer().await.0), expected, "{path} {key}");
        }
    }
}

#[tokio::test]
async fn a_last_event_id_with_underscores_is_refused() {
    let gateway = spawn_before(&unreachable_url());
    let client = gateway.user().with_header("last_event_id", "7");
    assert_eq!(client.get("/api/v1/chats/get-chat").await.expect(400).code(), "invalid_header_name");
}

#[test]
fn the_url_of_the_answer_service_may_be_left_out_but_not_be_wrong() {
    let url = unreachable_url();
    let read = |answer| {
        let key = ("SECRET_KEY", shared_test_kit::SECRET_KEY);
        let urls = ["AUTH_URL", "CHAT_URL", "BRANCH_URL"].map(|name| (name, url.as_str()));
        Config::from_env(&Env::of([key, urls[0], urls[1], urls[2], answer]), Purpose::Serve)
    };
    assert!(read(("RATE_LIMIT", "on")).unwrap().upstreams.answer.is_none());
    assert_eq!(read(("ANSWER_URL", url.as_str())).unwrap().upstreams.answer.as_ref(), Some(&url));
    let line = read(("ANSWER_URL", "answer:8004")).unwrap_err().to_string();
    assert!(line.starts_with("ANSWER_URL: ") && line.contains("expected"), "{line}");
}
