//! Restoring while others restore, delete, purge, fork and append.

use crate::kit::{Chat, Kit, ids};
use crate::races::at_once_within;
use crate::undo::{Branches, DAY, delete, undoable_chat};
use branch::error::Error;
use branch::store::MessageRequest;
use shared::ids::BranchId;
use shared::undo_window::UndoWindow;
use std::collections::BTreeSet;

/// Runs work many times at once, by turns through two stores in which what is deleted can be restored.
async fn at_once<T, W>(kit: &Kit, chat: &Chat, count: usize, work: impl Fn(usize, Chat) -> W) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    at_once_within(kit, chat, UndoWindow::new(DAY), count, work).await
}

async fn tree(chat: &Chat) -> BTreeSet<BranchId> {
    let tree = chat.tree(chat.trunk()).await;
    // Parents come first: none is missing.
    for branch in &tree {
        assert!(branch.parent.is_none_or(|parent| tree.iter().any(|one| one.id == parent)));
    }
    ids(&tree).into_iter().collect()
}

pub async fn sixteen_restores_at_once_restore_once(kit: &Kit) {
    for _ in 0..4 {
        let chat = undoable_chat(kit).await;
        let Branches { a, d, .. } = Branches::grow(&chat).await;
        chat.store.activate(chat.owner, chat.trunk(), d.branch).await.unwrap();
        let before = tree(&chat).await;
        delete(&chat, a.branch).await;
        let restored = at_once(kit, &chat, 16, move |_, chat: Chat| async move {
            chat.store.restore_branch(chat.owner, a.branch).await
        });
        for restored in restored.await {
            assert_eq!(restored.unwrap().branch.id, a.branch);
        }
        assert_eq!((tree(&chat).await, chat.active().await), (before, d.branch));
        assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
    }
}

pub async fn a_restore_beside_the_deletion_of_the_parent_loses_nothing(kit: &Kit) {
    for round in 0..12 {
        let chat = undoable_chat(kit).await;
        let Branches { a, b, d, .. } = Branches::grow(&chat).await;
        let before = tree(&chat).await;
        delete(&chat, b.branch).await;
        let answers = at_once(kit, &chat, 2, move |number, chat: Chat| async move {
            if number == round % 2 {
                chat.store.restore_branch(chat.owner, b.branch).await.map(drop)
            } else {
                chat.store.delete_branch(chat.owner, a.branch, true).await
            }
        });
        for answer in answers.await {
            assert!(matches!(answer, Ok(()) | Err(Error::ParentDeleted)), "{answer:?}");
        }
        assert_eq!(tree(&chat).await, BTreeSet::from([chat.trunk()]));
        kit.sweep().await;
        // It went along, or is by itself.
        for branch in [a.branch, b.branch] {
            chat.store.restore_branch(chat.owner, branch).await.unwrap();
        }
        assert_eq!(tree(&chat).await, before);
        assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
    }
}

pub async fn a_restore_beside_a_purge_is_whole_or_refused(kit: &Kit) {
    for round in 0..12 {
        let chat = undoable_chat(kit).await;
        let Branches { a, d, .. } = Branches::grow(&chat).await;
        let before = tree(&chat).await;
        delete(&chat, a.branch).await;
        let answers = at_once(kit, &chat, 3, move |number, chat: Chat| async move {
            match number {
                0 if round % 2 == 0 => chat.store.destroy_branch(chat.owner, a.branch, true).await,
                1 => chat.store.restore_branch(chat.owner, a.branch).await.map(drop),
                _ => chat.store.sweep().await.map(drop),
            }
        });
        let answers = answers.await;
        assert!(matches!(answers[1], Ok(()) | Err(Error::BranchNotFound | Error::ParentDeleted)));
        kit.sweep().await;
        if round % 2 == 0 && answers[0].is_ok() {
            // It was destroyed, before or after it was restored.
            assert_eq!(tree(&chat).await, BTreeSet::from([chat.trunk()]));
            let again = chat.store.restore_branch(chat.owner, a.branch).await;
            assert!(matches!(again, Err(Error::BranchNotFound)), "{again:?}");
        } else {
            assert_eq!(tree(&chat).await, before);
            assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
        }
    }
}

pub async fn a_restore_at_the_end_of_the_window_is_whole_or_refused(kit: &Kit) {
    for _ in 0..8 {
        let chat = undoable_chat(kit).await;
        let Branches { a, d, .. } = Branches::grow(&chat).await;
        let before = tree(&chat).await;
        delete(&chat, a.branch).await;
        let clock = kit.clock.clone();
        let answers = at_once(kit, &chat, 6, move |number, chat: Chat| {
            let clock = clock.clone();
            async move {
                match number {
                    0 => {
                        clock.advance(DAY);
                        chat.sweep().await;
                        false
                    }
                    _ => chat.store.restore_branch(chat.owner, a.branch).await.is_ok(),
                }
            }
        });
        let is_restored = answers.await.contains(&true);
        kit.sweep().await;
        if is_restored {
            assert_eq!(tree(&chat).await, before);
            assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
        } else {
            assert_eq!(tree(&chat).await, BTreeSet::from([chat.trunk()]));
            assert_eq!(
                chat.store.read_message(MessageRequest::in_own_chat(chat.owner, d.id)).await.unwrap(),
                None
            );
        }
    }
}

pub async fn forks_and_appends_beside_deletions_and_restores_leave_no_orphan_and_no_gap(kit: &Kit) {
    for _ in 0..4 {
        let chat = undoable_chat(kit).await;
        let Branches { a, b, .. } = Branches::grow(&chat).await;
        let done = at_once(kit, &chat, 12, move |number, chat: Chat| async move {
            match number % 4 {
                0 => chat.store.delete_branch(chat.owner, b.branch, true).await.map(drop),
                1 => chat.store.restore_branch(chat.owner, b.branch).await.map(drop),
                2 => chat.store.fork(&chat.branch(Some(b.id))).await.map(drop),
                _ => chat.store.append(chat.message(b.branch, "more")).await.map(drop),
            }
        });
        for done in done.await {
            let refused =
                matches!(done, Err(Error::BranchNotFound | Error::MessageNotFound | Error::ParentDeleted));
            assert!(done.is_ok() || refused, "{done:?}");
        }
        // Until all is there again.
        for branch in [a.branch, b.branch] {
            chat.store.restore_branch(chat.owner, branch).await.unwrap();
        }
        kit.sweep().await;
        for branch in tree(&chat).await {
            chat.line(branch).await;
        }
        chat.say(b.branch, "last").await;
        assert_eq!(chat.line(b.branch).await.last().map(String::as_str), Some("last"));
    }
}
