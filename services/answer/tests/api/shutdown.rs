//! What becomes of runs when the service stops.

use crate::app::{chat, endless, eventually, spawn_app, spawn_app_with};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_short_answer_is_finished_and_a_long_one_interrupted() {
    let app = spawn_app_with(|config| config.drain = Duration::from_millis(600)).await;
    let (short, long) = (chat(), chat());
    let ann = app.user();
    let first = ann.ask(&short, "[[delay:20]] a b c d e f").await;
    let second = ann.ask(&long, &endless()).await;
    ann.begun(&first).await;
    ann.begun(&second).await;

    app.service.stop();

    let status = |chat: &str| {
        let message = app.branch_service.messages(chat).pop();
        message.map(|message| (message["generation"]["status"].clone(), message["response"].clone()))
    };
    eventually("both are stored", async || status(&short).is_some() && status(&long).is_some()).await;
    assert_eq!(status(&short), Some((json!("completed"), json!("a b c d e f"))));
    assert_eq!(status(&long).unwrap().0, json!("interrupted"));
}

#[tokio::test]
async fn streams_end_at_once_so_that_they_are_resumed_elsewhere() {
    let app = spawn_app().await;
    let ann = app.user();
    let id = ann.ask(&chat(), &endless()).await;
    ann.begun(&id).await;
    let client = ann.client.clone();
    let path = format!("{}/stream-answer/{id}", crate::app::ANSWERS);
    let reader = tokio::spawn(async move { client.get(&path).await.text });
    let store = app.store().await;
    drop(store);
    ann.begun(&id).await;
    app.service.stop();
    let stream = reader.await.unwrap();
    assert!(
        stream.ends_with(": the server stops, resume at another\n\n") || !stream.contains("event: done"),
        "{stream}"
    );
}
