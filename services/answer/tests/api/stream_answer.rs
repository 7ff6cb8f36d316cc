//! `GET /answers/stream-answer/{response_id}`

use crate::app::{ANSWERS, chat, endless, eventually, spawn_app, spawn_app_with};
use crate::database::prune;
use crate::events::{events, raw_events, text_of};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_reader_who_resumes_anywhere_sees_the_same_bytes() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, "[[delay:8]][[repeat:20]] one two").await;
    let whole = ann.stream(&id, None).await.expect(200);
    let whole = raw_events(&whole.text);
    assert!(whole.len() > 5, "several flushes: {whole:?}");
    let replica = app.replica().await;
    for reader in [&ann, &app.user_at(&replica)] {
        assert_eq!(raw_events(&reader.stream(&id, None).await.expect(200).text), whole);
        let last = i64::try_from(whole.len()).unwrap() - 1;
        for after in 0..last {
            let rest = reader.stream(&id, Some(after)).await.expect(200);
            assert_eq!(raw_events(&rest.text), whole[usize::try_from(after).unwrap() + 1..], "after {after}");
        }
        // Who has seen the end is told it again.
        let rest = reader.stream(&id, Some(last)).await.expect(200);
        assert_eq!(raw_events(&rest.text), whole[whole.len() - 1..]);
    }
}

#[tokio::test]
async fn the_header_comes_before_the_parameter() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, "a").await;
    ann.stream(&id, None).await.expect(200);
    let resumed = ann.client.with_header("last-event-id", "1");
    let rest = resumed.get(&format!("{ANSWERS}/stream-answer/{id}?after=0")).await.expect(200);
    assert_eq!(events(&rest.text)[0].id, 2);
}

#[tokio::test]
async fn an_id_from_elsewhere_begins_with_a_snapshot() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, "[[delay:10]] a b c d e f").await;
    ann.begun(&id).await;
    for foreign in ["7b1c", "99999", "-1"] {
        let stream =
            ann.client.get(&format!("{ANSWERS}/stream-answer/{id}?after={foreign}")).await.expect(200);
        let events = events(&stream.text);
        assert_eq!(events[0].name, "snapshot", "{foreign}");
        assert_eq!(events[0].data["seq"], events[0].id);
        assert_eq!(text_of(&events), "a b c d e f");
        assert_eq!(events.last().unwrap().name, "done");
    }
}

#[tokio::test]
async fn once_the_chunks_are_gone_there_is_a_snapshot_and_the_end() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = ann.ask(&chat, "a b c").await;
    ann.stream(&id, None).await.expect(200);

    prune(&app, &id).await;

    let stream = events(&ann.stream(&id, Some(1)).await.expect(200).text);
    let names: Vec<_> = stream.iter().map(|event| event.name.as_str()).collect();
    assert_eq!((names.as_slice(), text_of(&stream).as_str()), (["snapshot", "done"].as_slice(), "a b c"));
    assert_eq!(stream[1].data["message"]["response_id"], id);
    assert_eq!(ann.get(&id).await.expect(200).json()["seq"], json!(null));
}

#[tokio::test]
async fn a_stream_closes_in_time_and_the_answer_goes_on() {
    let app = spawn_app_with(|config| config.timing.max_stream = Duration::from_millis(100)).await;
    let ann = app.user();
    let id = ann.ask(&chat(), &endless()).await;
    ann.begun(&id).await;
    let stream = ann.stream(&id, None).await.expect(200);
    assert!(events(&stream.text).iter().all(|event| event.name != "done"));
    assert_eq!(ann.get(&id).await.expect(200).json()["status"], "in_progress");
}

#[tokio::test]
async fn a_silent_stream_has_comments() {
    let app = spawn_app_with(|config| {
        config.timing.comment = Duration::from_millis(30);
        config.timing.max_stream = Duration::from_millis(300);
    })
    .await;
    let ann = app.user();
    let id = ann.ask(&chat(), "[[stall:after=1]] a b").await;
    let stream = ann.stream(&id, None).await.expect(200).text;
    assert!(stream.contains("\n\n:\n\n"), "{stream}");
}

#[tokio::test]
async fn an_answer_stops_without_readers_only_if_that_was_asked_for() {
    let app = spawn_app_with(|config| config.timing.max_stream = Duration::from_millis(50)).await;
    let ann = app.user();
    let stops = json!({"chat_id": chat(), "question": endless(), "on_disconnect": "stop"});
    let goes_on = json!({"chat_id": chat(), "question": endless()});
    let id = async |body| {
        let stream = ann.streaming().create(body).await.expect(201).text;
        events(&stream)[0].data["response_id"].as_str().unwrap().to_owned()
    };
    let (stopped, running) = (id(&stops).await, id(&goes_on).await);
    let status = async |id: &str| ann.get(id).await.expect(200).json()["status"].clone();
    eventually("it stops", async || status(&stopped).await == "stopped").await;
    assert_eq!(status(&running).await, "in_progress");
}

#[tokio::test]
async fn an_answer_that_nobody_has_begun_to_read_stops_too() {
    let app = spawn_app().await;
    let ann = app.user();
    let body = json!({"chat_id": chat(), "question": endless(), "on_disconnect": "stop"});
    let created = ann.create(&body).await.expect(201).json();
    let id = created["response_id"].as_str().unwrap();
    let status = async || ann.get(id).await.expect(200).json()["status"].clone();
    eventually("it stops", async || status().await == "stopped").await;
}

#[tokio::test]
async fn a_message_of_a_client_is_no_answer() {
    let (app, chat) = (spawn_app().await, chat());
    let ann = app.user();
    let id = app.branch_service.add_message(&chat, "a", "b");
    assert_eq!(ann.get(&id).await.expect(404).code(), "answer_not_found");
    ann.stream(&id, None).await.expect(404);
}
