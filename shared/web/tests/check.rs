//! The check of another service.
#![expect(clippy::unwrap_used, reason = "a test ends where something is amiss")]

use actix_web::HttpResponse;
use shared::check::{Finding, Report};
use shared::clock::Clock;
use shared::service::Service;
use shared_test_kit::{Running, application_parts, token_keys};
use shared_web::body_limits::BodyLimits;
use shared_web::caller::Caller;
use shared_web::check::{Peer, check_peer};
use shared_web::context::Context;
use shared_web::metrics::Metrics;
use shared_web::routes;
use shared_web::server::{Application, Readiness, Routes, no_hooks};
use shared_web::spans::Traces;
use shared_web::timeouts::ServerTimeouts;
use shared_web::tokens::TokenKeys;
use utoipa::openapi::OpenApi;

#[utoipa::path(get, path = "/internal/users/{user_id}")]
async fn get_user(_: Caller) -> HttpResponse {
    HttpResponse::Ok().finish()
}

fn auth_service() -> Running {
    let context = Context {
        service: Service::Auth,
        keys: token_keys(&Clock::system()),
        metrics: Metrics::off(),
        traces: Traces::off(),
        times: ServerTimeouts::default(),
        max_connections: 100,
        bodies: BodyLimits::default(),
    };
    let readiness = Readiness::new(|| std::future::ready(Ok::<_, String>(())));
    let application = Application::bind(application_parts(context, readiness), no_hooks, |app| {
        Routes::new(OpenApi::default).internal(routes![get_user]).configure(app);
    });
    Running::start(application.unwrap())
}

async fn findings(base: &reqwest::Url, keys: &TokenKeys) -> Vec<Finding> {
    let mut report = Report::default();
    let peer = Peer { caller: Service::Chat, called: Service::Auth, variable: "AUTH_URL", base };
    check_peer(&mut report, peer, keys).await;
    report.findings().to_vec()
}

#[tokio::test]
async fn a_peer_with_the_same_key_and_time_is_ok() {
    let service = auth_service();
    let findings = findings(&service.url(), &token_keys(&Clock::system())).await;
    let details: Vec<_> = findings.iter().map(|finding| finding.detail.as_str()).collect();
    assert!(details[0].contains("has the same SECRET_KEY"), "{findings:?}");
    assert_eq!(details[1], "agrees with that of auth", "{findings:?}");
    assert!(findings.iter().all(|finding| finding.advice.is_none()), "{findings:?}");
}

#[tokio::test]
async fn a_peer_with_another_key_or_without_a_response_is_an_error_with_advice() {
    let service = auth_service();
    let other = TokenKeys::new(&"another secret of 32 bytes or more".into(), Clock::system()).unwrap();
    let refused = &findings(&service.url(), &other).await[0];
    assert!(refused.detail.starts_with("refuses our token"), "{refused:?}");
    assert!(refused.advice.as_ref().unwrap().contains("SECRET_KEY"), "{refused:?}");
    // Nobody listens there.
    let nowhere = "http://127.0.0.1:9".parse().unwrap();
    let silent = &findings(&nowhere, &other).await[0];
    assert!(silent.detail.starts_with("does not answer"), "{silent:?}");
    assert!(silent.advice.as_ref().unwrap().contains("AUTH_URL"), "{silent:?}");
}
