//! The queue: how many runs a model has at once, and in which order.

use crate::app::{chat, spawn_app_with};
use crate::database::requeue;
use crate::ownership::{id_of, run_of};
use answer::domain::RunState;
use answer::store::{claim, waiting_runs};
use shared::ids::ReplicaId;
use std::time::Duration;

#[tokio::test]
async fn a_model_has_so_many_runs_at_once_and_the_others_wait() {
    let app = spawn_app_with(|config| config.timing.queue_grace = Duration::from_secs(60)).await;
    let (ann, store) = (app.user(), app.store().await);
    let waiting = ann.ask(&chat(), "[[stall:after=1]] a b").await;
    ann.begun(&waiting).await;
    requeue(&app, &waiting).await;
    let running = ann.ask(&chat(), "[[stall:after=1]] a b").await;
    ann.begun(&running).await;
    let claim_of = async |max_runs| {
        let lease = Duration::from_secs(30);
        claim(&store, id_of(&waiting), ReplicaId::generate(), lease, Some(max_runs)).await.unwrap()
    };
    let before = run_of(&store, &waiting).await;

    assert!(claim_of(1).await.is_none());

    assert_eq!(run_of(&store, &waiting).await.state, RunState::Queued);
    let claimed = claim_of(2).await.unwrap();
    assert!(claimed.epoch > before.epoch && claimed.state == RunState::Running);
    assert!(claim_of(2).await.is_none(), "it has an owner");
}

#[tokio::test]
async fn a_run_gives_way_to_an_older_one_of_its_model() {
    let app = spawn_app_with(|config| config.timing.queue_grace = Duration::from_secs(60)).await;
    let (ann, store) = (app.user(), app.store().await);
    let (older, newer) =
        (ann.ask(&chat(), "[[stall:after=1]] a b").await, ann.ask(&chat(), "[[stall:after=1]] a b").await);
    for id in [&older, &newer] {
        ann.begun(id).await;
        requeue(&app, id).await;
    }
    let claim_of = async |id: &str| {
        let lease = Duration::from_secs(30);
        claim(&store, id_of(id), ReplicaId::generate(), lease, Some(9)).await.unwrap().is_some()
    };
    assert!(!claim_of(&newer).await);
    assert!(claim_of(&older).await && claim_of(&newer).await);
}

#[tokio::test]
async fn runs_behind_those_of_a_full_model_are_found() {
    let app = spawn_app_with(|config| config.timing.queue_grace = Duration::from_secs(60)).await;
    let (ann, store) = (app.user(), app.store().await);
    let id = ann.ask(&chat(), "[[stall:after=1]] a b").await;
    ann.begun(&id).await;
    requeue(&app, &id).await;
    let waiting = async |full: &[&str]| {
        let full = full.iter().map(|name| (*name).to_owned()).collect();
        waiting_runs(&store, Duration::ZERO, full).await.unwrap().0.len()
    };
    assert_eq!((waiting(&["fig-1"]).await, waiting(&["fig-1", "banyan/echo"]).await), (1, 0));
}
