//! The owner of a run is killed, at each step of it: the question and all that was flushed are kept, nobody sees a word twice, and
//! everybody is told of the end.

use crate::app::{chat, eventually, text};
use crate::database::{WriteLock, expire_lease};
use crate::process_scene::{QUESTION, Scene};
use crate::reader::Reader;
use answer::domain::RunState;
use serde_json::{Value, json};

#[tokio::test]
async fn killed_before_the_run_is_there() {
    let mut scene = Scene::new("").await;
    scene.app.branch_service.hold(Some("lines"));
    let ann = scene.at_owner().with_key("k");
    let body = json!({"chat_id": scene.chat, "question": QUESTION});
    let asked = tokio::spawn({
        let body = body.clone();
        async move { ann.client.try_post("/api/v1/answers/create-answer", &body).await.is_some() }
    });
    eventually("it looks for the place", async || scene.app.branch_service.is_holding()).await;
    scene.owner.kill();
    assert!(!asked.await.unwrap(), "no response");
    scene.app.branch_service.hold(None);

    // The client sends it again, as the key allows.
    let again = scene.app.user().with_key("k").create(&body).await.expect(201);

    assert_eq!(again.header("idempotency-replayed"), "");
    let mut call = scene.model.next_request().await;
    call.say("A fig").await;
    call.finish().await;
    scene.check(text(&again.json()["response_id"]), ("A fig", "completed"), Vec::new()).await;
}

#[tokio::test]
async fn killed_before_the_claim() {
    let mut scene = Scene::new("limits = { max_runs = 1 }").await;
    let other = scene.at_owner().ask(&chat(), "the one before").await;
    let mut before = scene.model.next_request().await;
    before.say("Well").await;
    let id = scene.ask().await;
    let reader = Reader::of(&id).read_to(&scene.at_owner(), "event: start").await;
    assert_eq!(scene.state(&id).await, RunState::Queued);

    scene.kill(&other).await;
    let _heir = scene.heir().await;

    let mut call = scene.model.next_request().await;
    assert_eq!(call.json()["messages"][0]["content"], QUESTION);
    call.say("A ").await;
    call.say("fig").await;
    call.finish().await;
    scene.check(&id, ("A fig", "completed"), vec![reader]).await;
}

#[tokio::test]
async fn killed_before_the_first_token() {
    let mut scene = Scene::new("").await;
    let id = scene.ask().await;
    let reader = Reader::of(&id).read_to(&scene.at_owner(), "event: start").await;
    let first = scene.model.next_request().await;

    scene.kill(&id).await;
    let _heir = scene.heir().await;

    let mut second = scene.model.next_request().await;
    assert_eq!(second.request, first.request, "it is asked again");
    second.say("A fig").await;
    second.finish().await;
    scene.check(&id, ("A fig", "completed"), vec![reader]).await;
}

#[tokio::test]
async fn killed_between_two_flushes() {
    let mut scene = Scene::new("").await;
    let id = scene.ask().await;
    let mut call = scene.model.next_request().await;
    call.say("A ").await;
    let survivor = scene.app.user();
    let there = Reader::of(&id).read_to(&scene.at_owner(), "A ").await;
    let here = tokio::spawn({
        let reader = Reader::of(&id);
        async move { reader.read_to_end(&[survivor]).await }
    });
    call.say("fig").await;
    let there = there.read_to(&scene.at_owner(), "fig").await;

    scene.kill(&id).await;

    scene.check(&id, ("A fig", "interrupted"), vec![there, here.await.unwrap()]).await;
}

#[tokio::test]
async fn killed_before_the_seal() {
    let mut scene = Scene::new("").await;
    let id = scene.ask().await;
    let mut call = scene.model.next_request().await;
    call.say("A fig").await;
    let reader = Reader::of(&id).read_to(&scene.at_owner(), "A fig").await;
    let lock = WriteLock::of(&scene.app).await;
    call.say(" that strangles").await;
    call.finish().await;
    // All of the response is there, and nobody can write it.
    call.closed().await;

    scene.owner.kill();
    drop(lock);
    expire_lease(&scene.app, &id).await;

    scene.check(&id, ("A fig", "interrupted"), vec![reader]).await;
}

#[tokio::test]
async fn killed_after_the_seal() {
    let mut scene = Scene::new("").await;
    scene.app.branch_service.fail_to_store(true);
    let id = scene.ask().await;
    let mut call = scene.model.next_request().await;
    call.say("A fig").await;
    let reader = Reader::of(&id).read_to(&scene.at_owner(), "A fig").await;
    call.finish().await;
    eventually("it is sealed", async || scene.app.branch_service.stores() > 0).await;
    assert_eq!(scene.state(&id).await, RunState::Sealed);

    scene.kill(&id).await;
    scene.app.branch_service.fail_to_store(false);

    scene.check(&id, ("A fig", "completed"), vec![reader]).await;
}

#[tokio::test]
async fn killed_in_the_append() {
    let mut scene = Scene::new("").await;
    scene.app.branch_service.hold(Some("answers"));
    let id = scene.ask().await;
    let mut call = scene.model.next_request().await;
    call.say("A fig").await;
    let reader = Reader::of(&id).read_to(&scene.at_owner(), "A fig").await;
    call.finish().await;
    // The message is there, and the owner is not told.
    let messages = async || scene.app.branch_service.messages(&scene.chat);
    eventually("it is stored", async || messages().await.len() == 1).await;
    let stored: Vec<Value> = messages().await;

    scene.owner.kill();
    scene.app.branch_service.hold(None);
    expire_lease(&scene.app, &id).await;

    scene.check(&id, ("A fig", "completed"), vec![reader]).await;
    assert_eq!(messages().await, stored);
}
