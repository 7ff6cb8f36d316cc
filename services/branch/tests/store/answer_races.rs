//! Answers whose line is deleted while they are stored, from two stores.

use crate::answers::{answer, fork, read};
use crate::kit::{Chat, Kit, NO_WINDOW};
use crate::races::at_once_within;
use crate::undo::DAY;
use branch::domain::Message;
use branch::error::Error;
use branch::store::AnswerRequest;
use shared::ids::{BranchId, ResponseId};
use shared::undo_window::UndoWindow;
use std::time::Duration;

/// Longer than all that a test does takes.
const LATER: Duration = Duration::from_secs(60 * 60);

/// The stored answer; none if its line is gone.
fn stored(answer: Result<Message, Error>) -> Option<Message> {
    match answer {
        Ok(stored) => Some(stored),
        Err(Error::BranchNotFound | Error::ChatNotFound | Error::MessageNotFound) => None,
        Err(other) => panic!("{other:?}"),
    }
}

/// Neither these answers nor their branches are there.
async fn are_gone(chat: &Chat, refused: &[ResponseId]) {
    for answer in refused {
        assert_eq!(read(chat, *answer).await, None);
        assert_eq!(chat.node(branch::domain::branch_of(*answer)).await, None);
    }
}

/// A branch with a message, at the first message of the trunk.
async fn branch_at(chat: &Chat, first: &Message) -> BranchId {
    let branch = chat.fork(first.id).await;
    chat.say(branch, "2").await;
    branch
}

pub async fn no_answer_goes_to_a_parent_that_its_line_leaves_behind(kit: &Kit) {
    for undo_window in [NO_WINDOW, UndoWindow::new(DAY)] {
        let chat = kit.chat().await.through(&kit.store_with(undo_window).await);
        let first = chat.say(chat.trunk(), "1").await;
        let mut kept = 0;
        for round in 0..16 {
            let branch = branch_at(&chat, &first).await;
            let (clock, deleted_at) = (kit.clock.clone(), kit.clock.now().plus(LATER));
            let (parent, is_undoable) = (first.clone(), undo_window != NO_WINDOW);
            let answers = at_once_within(kit, &chat, undo_window, 8, move |number, chat: Chat| {
                let (clock, parent) = (clock.clone(), parent.clone());
                async move {
                    if number == round % 8 {
                        chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
                        clock.advance(LATER);
                        return None;
                    }
                    let request = match number % 3 {
                        0 => fork(&chat, branch, Some(&parent)),
                        // The head has moved.
                        1 => answer(&chat, branch, Some(&parent)),
                        _ => answer(&chat, branch, None),
                    };
                    let request = AnswerRequest { activate: number % 2 == 0, ..request };
                    Some((request.id, stored(chat.store.store_answer(request).await)))
                }
            });
            let mut refused = Vec::new();
            for (id, stored) in answers.await.into_iter().flatten() {
                match stored {
                    Some(stored) => {
                        assert!(stored.created_at < deleted_at, "it was stored after the deletion");
                        assert_eq!(read(&chat, id).await.map(|read| read.branch), Some(stored.branch));
                        kept += 1;
                    }
                    None => refused.push(id),
                }
            }
            are_gone(&chat, &refused).await;
            if is_undoable {
                chat.store.restore_branch(chat.owner, branch).await.unwrap();
                are_gone(&chat, &refused).await;
                kept += 1;
            }
        }
        chat.sweep().await;
        assert_eq!(chat.tree(chat.trunk()).await.len(), 1 + kept);
    }
}

pub async fn an_answer_that_meets_a_deletion_does_not_come_back_with_it(kit: &Kit) {
    let undo_window = UndoWindow::new(DAY);
    let chat = kit.chat().await.through(&kit.store_with(undo_window).await);
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..16 {
        let branch = branch_at(&chat, &first).await;
        let second = chat.read(branch, branch::domain::Order::Desc, 1).await.unwrap().swap_remove(0);
        let answers = at_once_within(kit, &chat, undo_window, 8, move |number, chat: Chat| {
            let second = second.clone();
            async move {
                if number == round % 8 {
                    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
                    return None;
                }
                if number % 4 == 3 {
                    // It may stay, without a gap before it.
                    _ = chat.store.append(chat.message(branch, "said")).await;
                    return None;
                }
                let request = answer(&chat, branch, Some(&second));
                Some((request.id, stored(chat.store.store_answer(request).await)))
            }
        });
        let answers = answers.await;
        chat.store.restore_branch(chat.owner, branch).await.unwrap();
        for (id, stored) in answers.into_iter().flatten() {
            match stored {
                Some(stored) => {
                    assert_eq!(read(&chat, id).await.map(|read| read.parent), Some(stored.parent));
                    assert!(chat.line(stored.branch).await.iter().any(|question| question == "q"));
                }
                None => are_gone(&chat, &[id]).await,
            }
        }
        for branch in chat.tree(branch).await {
            chat.line(branch.id).await;
        }
        chat.say(branch, "last").await;
        assert_eq!(chat.line(branch).await.last().unwrap(), "last");
    }
}

pub async fn an_answer_waits_for_the_deletion_of_its_line(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let other = kit.replica().await;
    for parent in [Some(first), Some(second), None] {
        let branch = branch_at(&chat, &chat.say(chat.trunk(), "3").await).await;
        let lock = kit.lock_branches().await;
        let deleter = chat.clone();
        let deletion =
            tokio::spawn(async move { deleter.store.delete_branch(deleter.owner, branch, true).await });
        lock.wait_for_waiter().await;
        let request = fork(&chat, branch, parent.as_ref());
        let (id, through) = (request.id, other.clone());
        let answer = tokio::spawn(async move { through.store_answer(request).await });
        while lock.waiting().await < 2 {
            tokio::task::yield_now().await;
        }
        drop(lock);
        deletion.await.unwrap().unwrap();
        assert!(stored(answer.await.unwrap()).is_none());
        are_gone(&chat, &[id]).await;
    }
    assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
}
