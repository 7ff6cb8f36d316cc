//! Who may write: owners of before have no effect, and the runs of owners that are gone are ended.

use crate::app::{User, chat, eventually, spawn_app, text};
use crate::database::expire_lease;
use crate::events::{events, text_of};
use answer::domain::{AnswerStatus, Chunk, ChunkKind, Finish, RunState};
use answer::store::{Flush, FlushResult, Run, Seal, find_run, flush};
use serde_json::json;
use shared::ids::{ResponseId, parse_uuid};
use shared_store::Store;

pub fn id_of(text: &str) -> ResponseId {
    parse_uuid(text).unwrap().into()
}

pub async fn run_of(store: &Store, id: &str) -> Run {
    find_run(store, id_of(id)).await.unwrap().unwrap()
}

/// A flush of one more chunk by the owner of a run, as the row has it.
fn next_flush(run: &Run, said: &str) -> Flush {
    let chunk = Chunk {
        response_id: run.response_id,
        seq: run.seq + 1,
        kind: ChunkKind::Delta,
        data: said.to_owned(),
    };
    let (epoch, from) = (run.epoch, run.seq);
    Flush { response_id: run.response_id, epoch, from, chunks: vec![chunk], lease: None, seal: None }
}

/// A run whose owner has said something, and is silent since.
async fn silent_run(ann: &User) -> (String, String) {
    let chat = chat();
    let id = ann.ask(&chat, "[[stall:after=2]] one two three").await;
    eventually("two words", async || text(&ann.get(&id).await.json()["text"]) == "one two ").await;
    (chat, id)
}

#[tokio::test]
async fn a_flush_of_a_paused_owner_lands_nowhere_once_its_run_is_reaped() {
    let app = spawn_app().await;
    let ann = app.user();
    let (chat, id) = silent_run(&ann).await;
    let store = app.store().await;
    let paused = run_of(&store, &id).await;

    expire_lease(&app, &id).await;

    let ended = events(&ann.stream(&id, None).await.expect(200).text);
    let end = ended.last().unwrap();
    assert_eq!((end.name.as_str(), &end.data["status"]), ("failed", &json!("interrupted")));
    assert_eq!(text_of(&ended), "one two ");
    let late = next_flush(&paused, "late");
    let seal = Seal {
        owner: paused.owner,
        response: "late".to_owned(),
        output_items: None,
        finish: Finish::of(AnswerStatus::Completed),
    };
    for flushed in
        [late.clone(), Flush { chunks: Vec::new(), ..late.clone() }, Flush { seal: Some(seal), ..late }]
    {
        assert_eq!(flush(&store, flushed).await.unwrap(), FlushResult::Lost);
    }
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!(
        (&message["response"], &message["generation"]["status"]),
        (&json!("one two "), &json!("interrupted"))
    );
    assert_eq!(events(&ann.stream(&id, None).await.expect(200).text), ended);
}

#[tokio::test]
async fn a_flush_needs_the_epoch_and_the_number_before_it() {
    let app = spawn_app().await;
    let ann = app.user();
    let (_, id) = silent_run(&ann).await;
    let store = app.store().await;
    let run = run_of(&store, &id).await;
    let (good, lost) = (next_flush(&run, "three"), FlushResult::Lost);
    let other_epochs = [run.epoch - 1, run.epoch + 1].map(|epoch| Flush { epoch, ..good.clone() });
    let other_numbers = [run.seq - 1, run.seq + 1].map(|from| Flush { from, ..good.clone() });
    for wrong in other_epochs.into_iter().chain(other_numbers) {
        assert_eq!(flush(&store, wrong).await.unwrap(), lost);
    }
    assert_eq!(flush(&store, good.clone()).await.unwrap(), FlushResult::Written { stop_requested: false });
    assert_eq!(flush(&store, good).await.unwrap(), lost, "once");
    assert_eq!(ann.get(&id).await.json()["text"], "one two three");
}

#[tokio::test]
async fn a_run_that_has_shown_nothing_is_queued_again_once() {
    let app = spawn_app().await;
    let (ann, chat) = (app.user(), chat());
    let id = ann.ask(&chat, "[[stall:after=0]] one").await;
    let store = app.store().await;
    let is_claimed = async |epoch: i64| {
        let run = run_of(&store, &id).await;
        run.state == RunState::Running && run.epoch >= epoch
    };
    eventually("it is claimed", async || is_claimed(1).await).await;

    expire_lease(&app, &id).await;
    // Queued again, and claimed again.
    eventually("it is claimed again", async || is_claimed(3).await).await;
    assert_eq!(ann.get(&id).await.json()["status"], "in_progress");
    expire_lease(&app, &id).await;

    let ended = events(&ann.stream(&id, None).await.expect(200).text);
    assert_eq!(ended.last().unwrap().data["status"], "interrupted");
    let message = &app.branch_service.messages(&chat)[0];
    assert_eq!((&message["question"], &message["response"]), (&json!("[[stall:after=0]] one"), &json!("")));
}

#[tokio::test]
async fn a_run_that_was_to_be_stopped_is_stopped_if_its_owner_is_gone() {
    let app = spawn_app().await;
    let ann = app.user();
    let (_, id) = silent_run(&ann).await;
    let store = app.store().await;
    expire_lease(&app, &id).await;
    answer::store::stop(&store, id_of(&id)).await.unwrap();
    eventually("it ends", async || run_of(&store, &id).await.state == RunState::Stored).await;
    let status = ann.get(&id).await.json()["status"].clone();
    assert!(status == "stopped" || status == "interrupted", "{status}");
}

#[tokio::test]
async fn an_answer_is_stored_once_the_branch_service_is_there_again() {
    let app = spawn_app().await;
    let (ann, chat) = (app.user(), chat());
    app.branch_service.fail_to_store(true);
    let id = ann.ask(&chat, "a b").await;
    eventually("it is tried again", async || app.branch_service.stores() > 2).await;
    let sealed = ann.get(&id).await.expect(200).json();
    assert_eq!(
        (&sealed["status"], &sealed["text"], &sealed["message"]),
        (&json!("completed"), &json!("a b"), &json!(null))
    );
    app.branch_service.fail_to_store(false);
    let end = events(&ann.stream(&id, None).await.expect(200).text).pop().unwrap();
    assert_eq!((end.name.as_str(), &end.data["message"]["response_id"]), ("done", &json!(id)));
    assert_eq!(app.branch_service.messages(&chat).len(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_while_the_branch_service_has_no_route_for_it() {
    let app = spawn_app().await;
    let (ann, chat) = (app.user(), chat());
    app.branch_service.set_old(true);
    let id = ann.ask(&chat, "a b").await;
    eventually("it is tried again", async || app.branch_service.stores() > 1).await;
    app.branch_service.set_old(false);
    assert_eq!(ann.stored(&id).await["message"]["response"], "a b");
}
