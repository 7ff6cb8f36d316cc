//! The metrics of runs.

use crate::app::{chat, endless, spawn_app_with};
use shared_test_kit::{Samples, shown_metrics};

#[tokio::test]
async fn ends_first_tokens_and_the_queue_are_counted() {
    let metrics = shown_metrics();
    let app = spawn_app_with(|config| config.server.metrics = metrics.clone()).await;
    let ann = app.user();
    let done = ann.ask(&chat(), "a b").await;
    ann.stored(&done).await;
    let stopped = ann.ask(&chat(), &endless()).await;
    ann.begun(&stopped).await;
    ann.stop(&stopped).await.expect(200);
    let running = ann.ask(&chat(), &endless()).await;
    ann.begun(&running).await;

    let shown = Samples::of(&metrics).await;

    for (name, labels, expected) in [
        ("answer_runs_ended_total", "status=\"completed\"", 1.0),
        ("answer_runs_ended_total", "status=\"stopped\"", 1.0),
        ("answer_runs_ended_total", "status=\"failed\"", 0.0),
        ("answer_first_tokens_total", "le=\"+Inf\"", 3.0),
        ("answer_runs", "state=\"running\"", 1.0),
        ("answer_output_tokens_total", "", 2.0),
        ("answer_leases_lost_total", "", 0.0),
    ] {
        assert_eq!(shown.sum(name, &[labels]), Some(expected), "{name} {labels}");
    }
    // The first words and the ends of those two that have ended; a flush of the third may not be counted yet.
    let flushes = shown.sum("answer_flushes_total", &["le=\"+Inf\""]).unwrap();
    assert!(flushes >= 4.0, "{flushes} flushes");
}
