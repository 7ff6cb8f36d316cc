//! How long silence is borne. Time is paused: it passes at once while nothing happens.

use crate::fake_model::{FakeModel, Reply};
use crate::support::{collect, delta, finish, finished, model, prompt, text};
use answer::provider::{Event, FinishReason, ProviderError};
use serde_json::json;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

#[tokio::test(start_paused = true)]
async fn the_first_byte_must_come_within_two_minutes() {
    let role = json!({"choices": [{"delta": {"role": "assistant", "content": null}}]});
    let silent = [(Reply::silence(), 120), (Reply::open_stream(&[]), 120), (Reply::open_stream(&[role]), 60)];
    for (reply, seconds) in silent {
        let fake = FakeModel::start(vec![reply]).await;
        let start = Instant::now();
        let error = model(&fake.base_url).open(prompt("hi")).await.unwrap_err();
        assert_eq!(
            (error, fake.requests(), start.elapsed().as_secs()),
            (ProviderError::TimedOut, 1, seconds)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stalls_fails_after_a_minute() {
    let fake = FakeModel::start(vec![Reply::open_stream(&[delta("a")])]).await;
    let generation = model(&fake.base_url).open(prompt("hi")).await.unwrap();
    let start = Instant::now();
    let (events, error) = collect(generation).await;
    assert_eq!((text(&events).as_str(), error), ("a", Some(ProviderError::TimedOut)));
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn waiting_in_pieces_does_not_prolong_it() {
    let fake = FakeModel::start(vec![Reply::open_stream(&[delta("a")])]).await;
    let mut generation = model(&fake.base_url).open(prompt("hi")).await.unwrap();
    assert_eq!(generation.next().await, Some(Ok(Event::Text("a".to_owned()))));
    let start = Instant::now();
    // As the executor does, which flushes in between.
    let error = loop {
        if let Ok(event) = timeout(Duration::from_millis(150), generation.next()).await {
            break event;
        }
    };
    assert_eq!(error, Some(Err(ProviderError::TimedOut)));
    assert_eq!(start.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn who_reads_late_still_reads_what_has_come() {
    let fake = FakeModel::start(vec![Reply::stream(&[delta("a"), finished(&json!("stop"))])]).await;
    let generation = model(&fake.base_url).open(prompt("hi")).await.unwrap();
    sleep(Duration::from_secs(300)).await;
    let (events, error) = collect(generation).await;
    assert_eq!((text(&events).as_str(), error), ("a", None));
}

#[tokio::test(start_paused = true)]
async fn a_response_that_is_complete_waits_for_its_usage_only_shortly() {
    let fake = FakeModel::start(vec![Reply::open_stream(&[delta("a"), finished(&json!("stop"))])]).await;
    let generation = model(&fake.base_url).open(prompt("hi")).await.unwrap();
    let start = Instant::now();
    let (events, error) = collect(generation).await;
    assert_eq!((finish(&events), error), (Some(FinishReason::Stop), None));
    assert_eq!(start.elapsed().as_secs(), 5);
}
