//! The database is gone for a while, which only PostgreSQL can be, or takes no writes.

use crate::app::{chat, eventually, spawn_app_with, spawn_scripted_app, text};
use crate::database::WriteLock;
use crate::events::{events, text_of};
use crate::reader::Reader;
use reqwest::Url;
use secrecy::ExposeSecret as _;
use serde_json::json;
use shared_test_kit::{ScriptedModel, TcpProxy, TestClient, TestDatabase};
use std::time::Duration;

#[tokio::test]
async fn what_is_said_while_the_database_is_gone_is_written_when_it_is_back() {
    let Some(database) = TestDatabase::postgres().await else { return };
    let url: Url = database.url("answer").expose_secret().parse().unwrap();
    let (mut proxy, url) = TcpProxy::disconnected(&url).await;
    proxy.reconnect().await;
    let app = spawn_app_with(|config| config.database = url.to_string().into()).await;
    let (ann, chat) = (app.user(), chat());
    let anyone = TestClient::new(app.service.url());
    let is_ready = async || anyone.get("/readyz").await.status.is_success();
    let id = ann.ask(&chat, "[[delay:20]][[repeat:60]] one two").await;
    ann.begun(&id).await;

    proxy.disconnect();
    eventually("the database is missed", async || !is_ready().await).await;
    proxy.reconnect().await;
    eventually("it is back", is_ready).await;

    let streamed = events(&ann.stream(&id, None).await.expect(200).text);
    let end = streamed.last().unwrap();
    assert_eq!((end.name.as_str(), text(&end.data["status"])), ("done", "completed"));
    assert_eq!(text_of(&streamed), text(&end.data["message"]["response"]));
    assert_eq!(text_of(&streamed).matches("two").count(), 60);
    let ids: Vec<_> = streamed.iter().map(|event| event.id).collect();
    assert_eq!(ids, (0..=end.id).collect::<Vec<_>>(), "without gaps, and none twice");
}

#[tokio::test]
async fn what_is_said_while_nothing_can_be_written_is_written_then() {
    let model = ScriptedModel::start().await;
    let app = spawn_scripted_app(&model, "", |_| {}).await;
    let (ann, chat) = (app.user(), chat());
    let id = ann.ask(&chat, "What is a banyan?").await;
    let mut call = model.next_request().await;
    call.say("A ").await;
    let reader = Reader::of(&id).read_to(&ann, "A ").await;
    let lock = WriteLock::of(&app).await;
    call.say("fig").await;
    call.finish().await;
    // All of the response is there, and nobody can write it.
    call.closed().await;
    assert_eq!(text(&ann.get(&id).await.expect(200).json()["text"]), "A ");

    drop(lock);

    let whole = reader.read_to_end(&[ann]).await.events();
    assert_eq!(
        (text_of(&whole).as_str(), &whole.last().unwrap().data["status"]),
        ("A fig", &json!("completed"))
    );
    assert_eq!(app.branch_service.messages(&chat)[0]["response"], "A fig");
}

#[tokio::test]
async fn a_run_of_which_nothing_can_be_written_for_longer_than_its_lease_is_interrupted() {
    let model = ScriptedModel::start().await;
    let app = spawn_scripted_app(&model, "", |config| {
        config.timing.lease = Duration::from_secs(2);
        config.timing.heartbeat = Duration::from_millis(200);
    })
    .await;
    let replica = app.replica().await;
    let (here, there, chat) = (app.user(), app.user_at(&replica), chat());
    let id = here.ask(&chat, "What is a banyan?").await;
    let mut call = model.next_request().await;
    call.say("A ").await;
    let readers = [Reader::of(&id).read_to(&here, "A ").await, Reader::of(&id).read_to(&there, "A ").await];
    let lock = WriteLock::of(&app).await;
    call.say("fig").await;
    // The owner gives up, and wants no more of the response.
    call.closed().await;

    drop(lock);

    for (reader, user) in readers.into_iter().zip([here, there]) {
        let seen = reader.read_to_end(&[user]).await.events();
        assert_eq!(
            (text_of(&seen).as_str(), &seen.last().unwrap().data["status"]),
            ("A ", &json!("interrupted"))
        );
    }
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((text(&message["question"]), text(&message["response"])), ("What is a banyan?", "A "));
}
