//! A request is sent again while nothing was shown, where that may help. Time is paused: pauses pass at once, and are measured.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{collect, delta, finished, model, prompt, text};
use answer::provider::ProviderError;
use serde_json::json;
use shared_test_kit::unreachable_url;
use std::time::Duration;
use tokio::time::Instant;

fn success() -> Reply {
    Reply::stream(&[delta("a"), finished(&json!("stop"))])
}

fn limited(headers: &str) -> Reply {
    Reply::with("429 Too Many Requests", headers, "{}")
}

fn failed() -> Reply {
    Reply::error("500 Internal Server Error", &json!({"error": {"message": "boom"}}))
}

/// What these replies lead to, after how many requests, and how long that took.
async fn ask(replies: Vec<Reply>) -> (Result<String, ProviderError>, usize, Duration) {
    let fake = FakeModel::start(replies).await;
    let model = model(&fake.base_url);
    let start = Instant::now();
    let result = match model.open(prompt("hi")).await {
        Ok(generation) => {
            let (events, error) = collect(generation).await;
            error.map_or(Ok(text(&events)), Err)
        }
        Err(error) => Err(error),
    };
    (result, fake.requests(), start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_is_waited_for_as_long_as_the_provider_asks() {
    let asked = [
        ("retry-after: 3\r\n", Duration::from_secs(3)),
        ("retry-after: 20\r\n", Duration::from_secs(20)),
        ("retry-after-ms: 250\r\nretry-after: 1\r\n", Duration::from_millis(250)),
        (
            "date: Sun, 29 Nov 2026 10:00:00 GMT\r\nretry-after: Sun, 29 Nov 2026 10:00:07 GMT\r\n",
            Duration::from_secs(7),
        ),
    ];
    for (headers, pause) in asked {
        let (result, requests, took) = ask(vec![limited(headers), success()]).await;
        assert_eq!((result.as_deref(), requests), (Ok("a"), 2), "{headers}");
        assert!(took >= pause && took < pause + Duration::from_millis(100), "{headers} {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_limit_that_lasts_longer_fails_at_once() {
    let (result, requests, took) = ask(vec![limited("retry-after: 21\r\n"), success()]).await;
    assert_eq!((result, requests), (Err(ProviderError::RateLimited), 1));
    assert!(took < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_retried_twice() {
    let (result, requests, took) = ask(vec![failed(), failed(), success()]).await;
    assert_eq!((result.as_deref(), requests), (Ok("a"), 3));
    assert!(took >= Duration::from_millis(1_100) && took < Duration::from_secs(2), "{took:?}");
    let (result, requests, _) = ask(vec![failed(), failed(), failed(), success()]).await;
    assert_eq!((result, requests), (Err(ProviderError::Unavailable), 3));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_ends_before_the_first_event_is_retried() {
    let error = Reply::stream(&[json!({"error": {"type": "server_error"}})]);
    for first in [Reply::nothing(), success().cut(20), success().cut(100), error] {
        let (result, requests, _) = ask(vec![first.clone(), success()]).await;
        assert_eq!((result.as_deref(), requests), (Ok("a"), 2), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_retried() {
    let url = unreachable_url().join("v1").unwrap();
    let start = Instant::now();
    let refused = model(url.as_str()).open(prompt("hi")).await.unwrap_err();
    assert_eq!(refused, ProviderError::Unavailable);
    assert!(start.elapsed() > Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_retried_once_something_was_shown() {
    let half = Reply::raw_stream(&format!("data: {}\n\n", delta("half")));
    let (result, requests, _) = ask(vec![half, success()]).await;
    assert_eq!((result, requests), (Err(ProviderError::Unavailable), 1));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_not_retried() {
    for status in ["400 Bad Request", "401 Unauthorized", "404 Not Found"] {
        let (result, requests, _) = ask(vec![Reply::error(status, &json!({})), success()]).await;
        assert!(result.is_err() && requests == 1, "{status}");
    }
}
