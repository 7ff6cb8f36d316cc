//! `POST /answers/stop-answer/{response_id}`

use crate::app::{chat, endless, spawn_app, spawn_app_with, text};
use crate::database::requeue;
use crate::events::{events, text_of};
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_stop_keeps_what_was_said() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, &endless()).await;
    ann.begun(&id).await;

    let stopped = ann.stop(&id).await.expect(200).json();

    assert_eq!(stopped["status"], "stopped");
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((&message["response"], &stopped["text"]), (&stopped["text"], &stopped["message"]["response"]));
    assert!(text(&message["response"]).starts_with("word "));
    let streamed = events(&ann.stream(&id, None).await.expect(200).text);
    assert_eq!(
        (text_of(&streamed), streamed.last().unwrap().name.as_str()),
        (text(&stopped["text"]).to_owned(), "done")
    );
    assert_eq!(ann.stop(&id).await.expect(200).json(), stopped, "a second stop changes nothing");
}

#[tokio::test]
async fn a_stop_is_heard_from_another_replica() {
    // As in earnest, but for the reaper.
    let app = spawn_app_with(|config| config.timing = answer::domain::Timing::default()).await;
    let replica = app.replica().await;
    let (here, there) = (app.user(), app.user_at(&replica));
    for question in [endless(), "[[stall:after=1]] a b".to_owned()] {
        let id = here.ask(&chat(), &question).await;
        here.begun(&id).await;
        let began = Instant::now();
        let stopped = there.stop(&id).await.expect(200).json();
        assert_eq!(stopped["status"], "stopped", "{question}");
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn a_queued_answer_stops_without_an_owner() {
    let app = spawn_app_with(|config| {
        config.timing.queue_grace = Duration::from_secs(60);
        config.timing.stop_poll = Duration::from_secs(60);
    })
    .await;
    let (ann, chat) = (app.user(), chat());
    let id = ann.ask(&chat, &endless()).await;
    ann.begun(&id).await;
    requeue(&app, &id).await;
    let stopped = ann.stop(&id).await.expect(200).json();
    assert_eq!((&stopped["status"], &stopped["text"]), (&json!("stopped"), &json!("")));
    assert_eq!(app.branch_service.messages(&chat).len(), 1);
}

#[tokio::test]
async fn nobody_stops_the_answer_of_another() {
    let app = spawn_app().await;
    let (ann, eve) = (app.user(), app.stranger());
    let id = ann.ask(&chat(), &endless()).await;
    eve.stop(&id).await.expect(404);
    eve.get(&id).await.expect(404);
    eve.stream(&id, None).await.expect(404);
    ann.begun(&id).await;
    assert_eq!(ann.get(&id).await.expect(200).json()["status"], "in_progress");
}
