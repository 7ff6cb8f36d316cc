//! The owner of a run stands still until its lease is over, and goes on then.

use crate::app::{TestApp, chat, spawn_scripted_app, text};
use crate::database::{expire_lease, rows_of, rows_with};
use crate::events::text_of;
use crate::ownership::run_of;
use crate::process::Process;
use crate::reader::Reader;
use serde_json::json;
use shared_test_kit::{RowLock, ScriptedModel};
use std::slice::from_ref;
use std::time::Duration;

async fn app_of(model: &ScriptedModel) -> TestApp {
    // What is queued is left to who was asked.
    spawn_scripted_app(model, "", |config| config.timing.queue_grace = Duration::from_secs(3600)).await
}

#[tokio::test]
async fn nothing_of_an_owner_that_was_paused_until_its_run_was_ended_lands() {
    let model = ScriptedModel::start().await;
    let app = app_of(&model).await;
    let owner = Process::start(&app).await;
    let (here, there, chat) = (app.user(), owner.user(&app), chat());
    let id = there.ask(&chat, "one?").await;
    let mut call = model.next_request().await;
    call.say("A fig").await;
    let reader = Reader::of(&id).read_to(&there, "A fig").await;

    owner.pause();
    expire_lease(&app, &id).await;
    let ended = reader.read_to_end(from_ref(&here)).await;
    let run = run_of(&app.store().await, &id).await;
    call.say(" that comes late").await;
    owner.resume();
    // The owner has lost its authority, and wants no more of the response.
    call.closed().await;

    assert_eq!(text_of(&ended.events()), "A fig");
    assert_eq!(ended.events().last().unwrap().data["status"], "interrupted");
    let after = run_of(&app.store().await, &id).await;
    assert_eq!((after.state, after.epoch, after.seq), (run.state, run.epoch, run.seq));
    assert_eq!((rows_of(&app, "chunks").await, rows_with(&app, "late").await), (1, 0));
    let messages = app.branch_service.messages(&chat);
    assert_eq!((messages.len(), &messages[0]["response"]), (1, &json!("A fig")));
    // It is a replica as before, and tells what has become of the run.
    for user in [there.clone(), here] {
        assert_eq!(Reader::of(&id).read_to_end(&[user]).await.seen, ended.seen);
    }
    let next = there.ask(&crate::app::chat(), "two?").await;
    let mut call = model.next_request().await;
    call.say("Yes").await;
    call.finish().await;
    assert_eq!(text(&there.stored(&next).await["text"]), "Yes");
}

#[tokio::test]
async fn a_run_that_was_begun_anew_is_not_disturbed_by_the_owner_before() {
    let model = ScriptedModel::start().await;
    let mut app = app_of(&model).await;
    let owner = Process::start(&app).await;
    let there = owner.user(&app);
    let id = there.ask(&chat(), "one?").await;
    let mut first = model.next_request().await;
    owner.pause();
    expire_lease(&app, &id).await;
    app.config.timing.queue_grace = Duration::from_millis(20);
    let heir = app.replica().await;
    let mut second = model.next_request().await;
    second.say("A fig").await;
    let reader = Reader::of(&id).read_to(&app.user_at(&heir), "A fig").await;

    first.say("late").await;
    owner.resume();
    first.closed().await;
    second.say(" that grows").await;
    second.finish().await;

    let whole = reader.read_to_end(from_ref(&there)).await;
    assert_eq!(text_of(&whole.events()), "A fig that grows");
    assert_eq!(whole.events().last().unwrap().data["status"], "completed");
    assert_eq!(Reader::of(&id).read_to_end(&[there]).await.seen, whole.seen);
    assert_eq!(rows_with(&app, "late").await, 0);
}

/// On PostgreSQL alone: the owner stands still in the middle of a transaction, whose locks its connection holds.
#[tokio::test]
async fn an_owner_that_is_paused_within_a_transaction_holds_up_nobody_for_long() {
    let model = ScriptedModel::start().await;
    let app = app_of(&model).await;
    // The locks of a transaction last as long as a statement may.
    let owner = Process::start_with(&app, &[("STATEMENT_TIMEOUT", "3")]).await;
    let (here, there, chat) = (app.user(), owner.user(&app), chat());
    let id = there.ask(&chat, "one?").await;
    let mut call = model.next_request().await;
    call.say("A fig").await;
    let reader = Reader::of(&id).read_to(&there, "A fig").await;
    let Some(lock) = RowLock::of(&app.database, "answer.token_usage").await else { return };
    call.finish().await;
    // It is within the seal, and waits for the row of the user.
    lock.wait_for_waiter().await;
    owner.pause();
    drop(lock);
    expire_lease(&app, &id).await;

    let ended = reader.read_to_end(from_ref(&here)).await;

    assert_eq!(ended.events().last().unwrap().data["status"], "interrupted");
    let next = here.ask(&crate::app::chat(), "two?").await;
    model.next_request().await.finish().await;
    here.stored(&next).await;
    owner.resume();
    let next = there.ask(&crate::app::chat(), "three?").await;
    model.next_request().await.finish().await;
    there.stored(&next).await;
    assert_eq!(there.get(&id).await.expect(200).json()["status"], "interrupted");
    assert_eq!(app.branch_service.messages(&chat).len(), 1);
}
