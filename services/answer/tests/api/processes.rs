//! Three replicas, each a process of its own, on one database.

use crate::app::{User, chat, spawn_app_with, text};
use crate::events::text_of;
use crate::process::Process;
use crate::reader::Reader;
use futures_util::future::join_all;
use std::time::Duration;
use tokio::task::JoinSet;

/// The readers of a run.
const READERS: usize = 51;

#[tokio::test]
async fn readers_who_resume_anywhere_at_any_replica_see_the_same_bytes() {
    // The replica of the test itself takes no run.
    let app = spawn_app_with(|config| config.timing.queue_grace = Duration::from_secs(3600)).await;
    let processes = [(); 3].map(|()| Process::start(&app));
    let processes: [Process; 3] = join_all(processes).await.try_into().ok().unwrap();
    let users = processes.each_ref().map(|process| process.user(&app));
    let id = users[0].ask(&chat(), "[[delay:10]][[repeat:60]] one two three").await;

    let mut readers = JoinSet::new();
    for number in 0..READERS {
        let (users, reader) = (users.clone(), Reader::of(&id));
        // A third of them reads without a break.
        let breaks = if number % 3 == 0 { 0 } else { number % 8 };
        readers.spawn(read_with_breaks(reader, users, number, breaks));
    }
    let readers = readers.join_all().await;

    let whole = Reader::of(&id).read_to_end(&users[..1]).await;
    assert_eq!(text_of(&whole.events()).matches("two").count(), 60);
    assert_eq!(whole.events().last().unwrap().name, "done");
    for reader in readers {
        assert_eq!(reader.seen, whole.seen);
    }
}

/// Reads with breaks after some random number of bytes, each time at another replica.
async fn read_with_breaks(mut reader: Reader, users: [User; 3], first: usize, breaks: usize) -> Reader {
    for turn in 0..breaks {
        reader.read(&users[(first + turn) % 3], fastrand::usize(1..1500), "\0").await;
    }
    reader.read_to_end(&users[(first + breaks) % 3..]).await
}

#[tokio::test]
async fn an_answer_is_stopped_at_any_replica() {
    let app = spawn_app_with(|config| config.timing.queue_grace = Duration::from_secs(3600)).await;
    let processes = [(); 3].map(|()| Process::start(&app));
    let processes: [Process; 3] = join_all(processes).await.try_into().ok().unwrap();
    let users = processes.each_ref().map(|process| process.user(&app));
    for user in &users {
        let chat = chat();
        let id = users[0].ask(&chat, &crate::app::endless()).await;
        let readers = users.each_ref().map(|at| async { Reader::of(&id).read_to(at, "event: delta").await });
        let readers = join_all(readers).await;

        assert_eq!(text(&user.stop(&id).await.expect(200).json()["status"]), "stopped");

        let whole = Reader::of(&id).read_to_end(&users).await;
        for reader in readers {
            assert_eq!(reader.read_to_end(&users).await.seen, whole.seen);
        }
        let message = &app.branch_service.messages(&chat)[0];
        assert_eq!(text(&message["response"]), text_of(&whole.events()));
    }
}
