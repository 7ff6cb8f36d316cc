//! Several replicas on one database.

use crate::app::{chat, endless, eventually, spawn_app, text};
use crate::database::{expire_lease, requeue};
use crate::events::raw_events;
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn readers_of_all_replicas_see_the_same_bytes() {
    let app = spawn_app().await;
    let replicas = [app.replica().await, app.replica().await];
    let ann = app.user();
    let readers = [app.user(), app.user_at(&replicas[0]), app.user_at(&replicas[1])].map(Arc::new);
    let id = ann.ask(&chat(), "[[delay:4]][[repeat:60]] one two three").await;
    let mut streams = JoinSet::new();
    for number in 0..60_usize {
        let (reader, id) = (Arc::clone(&readers[number % 3]), id.clone());
        let after = (number > 30).then(|| i64::try_from(number % 7).unwrap());
        streams.spawn(async move { (after, reader.stream(&id, after).await.expect(200).text) });
    }
    let streams = streams.join_all().await;
    let whole = ann.stream(&id, None).await.expect(200).text;
    let whole = raw_events(&whole);
    for (after, stream) in streams {
        let events = raw_events(&stream);
        match after {
            None => assert_eq!(events, whole),
            // It may have come before that event: then it begins with a snapshot.
            Some(_) if events[0].contains("event: snapshot") => assert!(whole.ends_with(&events[1..])),
            Some(after) => assert_eq!(events, whole[usize::try_from(after).unwrap() + 1..]),
        }
    }
}

#[tokio::test]
async fn another_replica_takes_over_what_is_queued() {
    let app = spawn_app().await;
    let replica = app.replica().await;
    let ann = app.user_at(&replica);
    let id = ann.ask(&chat(), &endless()).await;
    ann.begun(&id).await;
    replica.stop();
    requeue(&app, &id).await;
    let there = app.user();
    there.begun(&id).await;
    assert_eq!(text(&there.stop(&id).await.expect(200).json()["status"]), "stopped");
}

#[tokio::test]
async fn a_run_has_one_owner_however_many_look_at_the_queue() {
    let app = spawn_app().await;
    let _replicas = [app.replica().await, app.replica().await];
    let (ann, chat) = (app.user(), chat());
    let id = ann.ask(&chat, "[[stall:after=0]] x").await;
    let store = app.store().await;
    let id_of = shared::ids::parse_uuid(&id).unwrap().into();
    let epoch = async || answer::store::find_run(&store, id_of).await.unwrap().unwrap().epoch;
    eventually("it is claimed", async || epoch().await == 1).await;
    expire_lease(&app, &id).await;
    eventually("it is claimed again", async || epoch().await == 3).await;
    expire_lease(&app, &id).await;
    ann.stream(&id, None).await.expect(200);
    assert_eq!(app.branch_service.messages(&chat).len(), 1);
}
