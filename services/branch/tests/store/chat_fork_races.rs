//! Concurrent operations on chats that are forked from each other, and on two stores as two replicas have them.

use crate::kit::{Chat, Kit};
use crate::races::at_once;
use branch::error::Error;
use std::time::Duration;

/// The branch or chat that is deleted while a chat is forked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Source,
    /// The branch that the fork stands on.
    Branch,
}

pub async fn a_fork_of_a_chat_concurrent_with_a_deletion_of_what_it_stands_on_is_whole_or_refused(kit: &Kit) {
    for round in 0..6 {
        for deleted in [Deleted::Source, Deleted::Branch] {
            let chat = kit.chat().await;
            let first = chat.say(chat.trunk(), "1").await;
            let branch = chat.fork(first.id).await;
            let head = chat.say(branch, "2").await.id;
            chat.say(branch, "3").await;
            let sweeper = kit.replica().await;
            let answers = at_once(kit, &chat, 8, move |number, chat: Chat| {
                let sweeper = sweeper.clone();
                async move {
                    if number != round {
                        let request = chat.chat_fork(Some(head));
                        let fork = Chat { id: request.chat, ..chat.clone() };
                        return Some((fork, chat.store.fork_chat(&request).await));
                    }
                    match deleted {
                        Deleted::Source => chat.store.delete_chat(chat.owner, chat.id).await.unwrap(),
                        Deleted::Branch => {
                            chat.store.delete_branch(chat.owner, branch, false).await.unwrap();
                        }
                    }
                    chat.through(&sweeper).sweep().await;
                    None
                }
            });
            check(kit, &chat, answers.await.into_iter().flatten().collect()).await;
        }
    }
}

/// Those that were forked are whole, the others are not there, and in the end nothing is left.
async fn check(kit: &Kit, chat: &Chat, answers: Vec<(Chat, Result<(), Error>)>) {
    kit.clock.advance(Duration::from_secs(60));
    kit.sweep().await;
    let mut forks = Vec::new();
    for (fork, answer) in answers {
        match answer {
            Ok(()) => {
                assert_eq!(fork.line(fork.trunk()).await, ["1", "2"]);
                fork.say(fork.trunk(), "3f").await;
                forks.push(fork);
            }
            Err(Error::ChatNotFound | Error::MessageNotFound) => {
                assert_eq!(fork.node(fork.trunk()).await, None);
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    kit.sweep().await;
    let kept = if forks.is_empty() { 0 } else { 2 };
    assert_eq!(usize::try_from(kit.count_messages().await).unwrap(), kept + forks.len());
    delete_at_once(kit, chat, forks).await;
    assert_eq!(kit.count_messages().await, 0);
}

/// Deletes chats while the sweep runs twice, which must let go of what they stood on.
async fn delete_at_once(kit: &Kit, chat: &Chat, forks: Vec<Chat>) {
    let sweeper = kit.replica().await;
    let deleted = at_once(kit, chat, forks.len(), move |number, chat: Chat| {
        let (sweeper, fork) = (sweeper.clone(), forks[number].id);
        async move {
            chat.store.delete_chat(chat.owner, fork).await.unwrap();
            chat.through(&sweeper).sweep().await;
        }
    });
    deleted.await;
    // The second pass lets go of what a replica has looked at too early.
    kit.sweep().await;
    kit.clock.advance(Duration::from_secs(2 * 60 * 60));
    kit.sweep().await;
}
