//! Deleting for a while, and restoring.

use crate::details::tags;
use crate::kit::{Chat, Kit, ids, key, name, refused, rename};
use crate::rows::count_messages;
use branch::domain::Message;
use branch::error::Error;
use branch::store::{BranchChanges, DeletedBranchesRequest, DeletionPosition, ForkRequest, SweepStep};
use mongodb::bson::doc;
use shared::ids::{BranchId, UserId};
use shared::undo_window::UndoWindow;
use std::time::Duration;

pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SECOND: Duration = Duration::from_secs(1);
const NEARLY_A_DAY: Duration = Duration::from_secs(24 * 60 * 60 - 1);

/// A chat in which what is deleted can be restored for a day.
pub async fn undoable_chat(kit: &Kit) -> Chat {
    kit.chat().await.through(&kit.store_with(UndoWindow::new(DAY)).await)
}

/// A trunk `0` with the branches `a` at its message, `b` and `c` at that of `a`, `d` at that of `b`. Each has one message.
pub struct Branches {
    pub a: Message,
    pub b: Message,
    pub c: Message,
    pub d: Message,
}

impl Branches {
    pub async fn grow(chat: &Chat) -> Self {
        let trunk = chat.say(chat.trunk(), "0").await;
        let a = branch(chat, &trunk, "a").await;
        let b = branch(chat, &a, "b").await;
        let c = branch(chat, &a, "c").await;
        let d = branch(chat, &b, "d").await;
        Self { a, b, c, d }
    }
}

/// A branch at a message, with one message that is called as the branch is.
async fn branch(chat: &Chat, from: &Message, its_name: &str) -> Message {
    let fork = ForkRequest { name: Some(name(its_name)), ..chat.branch(Some(from.id)) };
    let fork = chat.store.fork(&fork).await.unwrap().object.branch.id;
    chat.say(fork, its_name).await
}

pub async fn delete(chat: &Chat, branch: BranchId) {
    chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
}

async fn restore(chat: &Chat, branch: BranchId) {
    let restored = chat.store.restore_branch(chat.owner, branch).await.unwrap();
    assert_eq!(Some(restored), chat.node(branch).await);
}

/// The deletions that can be undone, newest first: the branch, and how many went.
async fn deletions(chat: &Chat) -> Vec<(BranchId, i64)> {
    let request = DeletedBranchesRequest { owner: chat.owner, target: chat.trunk(), after: None, limit: 50 };
    let page = chat.store.list_deleted_branches(&request).await.unwrap();
    assert_eq!(page.next, None);
    page.items.iter().map(|deleted| (deleted.at.id, deleted.branch_count)).collect()
}

pub async fn what_a_request_took_comes_back_and_no_more(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    let whole = chat.tree(chat.trunk()).await;
    chat.store.delete_branch(chat.owner, c.branch, false).await.unwrap();
    kit.clock.advance(SECOND);
    let without_c = chat.tree(chat.trunk()).await;
    delete(&chat, a.branch).await;
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk()]);
    assert_eq!(deletions(&chat).await, [(a.branch, 3), (c.branch, 1)]);
    chat.sweep().await;
    restore(&chat, a.branch).await;
    assert_eq!(chat.tree(chat.trunk()).await, without_c);
    assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
    assert_eq!(deletions(&chat).await, [(c.branch, 1)]);
    // A branch that is there is returned.
    for branch in [a.branch, b.branch, chat.trunk()] {
        restore(&chat, branch).await;
    }
    restore(&chat, c.branch).await;
    assert_eq!(chat.tree(chat.trunk()).await, whole);
    assert_eq!(deletions(&chat).await, []);
    // Everything works as before.
    let more = chat.say(b.branch, "more").await;
    assert_eq!((more.depth, more.parent), (4, Some(b.id)));
    chat.fork(d.id).await;
    chat.sweep().await;
    assert_eq!(chat.line(b.branch).await, ["0", "a", "b", "more"]);
}

pub async fn a_parent_is_restored_first(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    delete(&chat, b.branch).await;
    kit.clock.advance(SECOND);
    delete(&chat, a.branch).await;
    assert_eq!(deletions(&chat).await, [(a.branch, 2), (b.branch, 2)]);
    // Its parent is gone, it went along, or both.
    for branch in [b.branch, c.branch, d.branch] {
        refused!(chat.store.restore_branch(chat.owner, branch).await, ParentDeleted);
    }
    restore(&chat, a.branch).await;
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk(), a.branch, c.branch]);
    refused!(chat.store.restore_branch(chat.owner, d.branch).await, ParentDeleted);
    restore(&chat, b.branch).await;
    assert_eq!(chat.line(d.branch).await, ["0", "a", "b", "d"]);
}

pub async fn the_branch_that_was_active_is_so_again_if_no_other_was_chosen(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    let activate = async |branch| chat.store.activate(chat.owner, chat.trunk(), branch).await.unwrap();
    activate(d.branch).await;
    delete(&chat, b.branch).await;
    assert_eq!(chat.active().await, a.branch);
    let restored = chat.store.restore_branch(chat.owner, b.branch).await.unwrap();
    assert_eq!((restored.active, chat.active().await), (d.branch, d.branch));

    delete(&chat, b.branch).await;
    activate(c.branch).await;
    restore(&chat, b.branch).await;
    assert_eq!(chat.active().await, c.branch);

    // Values that the deletion did not change stay.
    activate(a.branch).await;
    delete(&chat, d.branch).await;
    restore(&chat, d.branch).await;
    assert_eq!(chat.active().await, a.branch);
}

pub async fn after_the_window_nothing_comes_back(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, d, .. } = Branches::grow(&chat).await;
    let tags = BranchChanges { tags: Some(tags(r#"["x"]"#)), ..BranchChanges::default() };
    chat.update(b.branch, &tags).await;
    let before = chat.node(b.branch).await;
    delete(&chat, b.branch).await;
    kit.clock.advance(NEARLY_A_DAY);
    chat.sweep().await;
    assert_eq!(count_messages(kit, "text_bytes > 0", doc! {"text_bytes": {"$gt": 0_i64}}).await, 5);
    restore(&chat, b.branch).await;
    assert_eq!(chat.node(b.branch).await, before);

    delete(&chat, b.branch).await;
    kit.clock.advance(DAY);
    for swept in [false, true] {
        assert_eq!(deletions(&chat).await, [], "{swept}");
        for branch in [b.branch, d.branch] {
            let restored = chat.store.restore_branch(chat.owner, branch).await;
            // Its id is free as soon as it is swept: it was deleted a day ago.
            assert!(matches!(restored, Err(Error::BranchNotFound | Error::TargetUnknown)), "{restored:?}");
            refused!(chat.store.destroy_branch(chat.owner, branch, true).await, BranchNotFound);
        }
        chat.sweep().await;
    }
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 3);
    assert_eq!(chat.line(a.branch).await, ["0", "a"]);
}

pub async fn without_a_window_nothing_comes_back(kit: &Kit) {
    let chat = kit.chat().await;
    let Branches { b, d, .. } = Branches::grow(&chat).await;
    delete(&chat, b.branch).await;
    assert_eq!(deletions(&chat).await, []);
    for branch in [b.branch, d.branch] {
        refused!(chat.store.restore_branch(chat.owner, branch).await, BranchNotFound);
    }
    chat.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 3);
}

pub async fn what_is_destroyed_is_so_with_all_that_was_deleted_below_it(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    let destroy = async |branch, cascade| chat.store.destroy_branch(chat.owner, branch, cascade).await;
    refused!(destroy(a.branch, false).await, HasDescendants);
    refused!(destroy(chat.trunk(), true).await, IsTrunk);
    refused!(destroy(BranchId::generate(), true).await, BranchNotFound);
    refused!(chat.store.destroy_branch(UserId::generate(), b.branch, true).await, BranchNotFound);
    // Branches that are deleted below it do not count as its descendants, and go for good.
    delete(&chat, d.branch).await;
    destroy(b.branch, false).await.unwrap();
    assert_eq!(deletions(&chat).await, []);
    for branch in [b.branch, d.branch] {
        refused!(chat.store.restore_branch(chat.owner, branch).await, BranchNotFound);
        refused!(destroy(branch, true).await, BranchNotFound);
    }
    chat.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 3);
    // Branches that can be restored are destroyed as well.
    chat.store.activate(chat.owner, chat.trunk(), c.branch).await.unwrap();
    delete(&chat, a.branch).await;
    destroy(a.branch, false).await.unwrap();
    refused!(chat.store.restore_branch(chat.owner, a.branch).await, BranchNotFound);
    chat.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 1);
    assert_eq!((chat.active().await, chat.line(chat.trunk()).await), (chat.trunk(), vec!["0".to_owned()]));
}

pub async fn what_went_along_is_destroyed_by_itself(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let Branches { a, b, c, d } = Branches::grow(&chat).await;
    delete(&chat, a.branch).await;
    chat.store.destroy_branch(chat.owner, b.branch, false).await.unwrap();
    chat.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 3);
    restore(&chat, a.branch).await;
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk(), a.branch, c.branch]);
    for branch in [b.branch, d.branch] {
        refused!(chat.store.restore_branch(chat.owner, branch).await, BranchNotFound);
    }
}

pub async fn ids_and_keys_stay_taken_for_the_window(kit: &Kit) {
    let chat = kit.chat().await.through(&kit.store_with(UndoWindow::new(3 * DAY)).await);
    let first = chat.say(chat.trunk(), "1").await;
    let (of_branch, of_message) = (key(1), key(2));
    let fork = ForkRequest { key: Some(of_branch.clone()), ..chat.branch(Some(first.id)) };
    let branch = chat.store.fork(&fork).await.unwrap().object.branch.id;
    let mut message = chat.message(branch, "2");
    message.key = Some(of_message.clone());
    let message = chat.store.append(message).await.unwrap().object.id;
    delete(&chat, branch).await;
    refused!(chat.store.replay_branch(&of_branch).await, BranchNotFound);
    refused!(chat.store.replay_message(&of_message).await, MessageNotFound);
    let same_id = ForkRequest { id: Some(branch), ..chat.branch(Some(first.id)) };
    refused!(chat.store.fork(&same_id).await, IdTaken);
    // Restored branches answer again.
    restore(&chat, branch).await;
    assert_eq!(chat.store.replay_branch(&of_branch).await.unwrap().unwrap().branch.id, branch);
    assert_eq!(chat.store.replay_message(&of_message).await.unwrap().unwrap().id, message);
    chat.store.destroy_branch(chat.owner, branch, false).await.unwrap();
    chat.sweep().await;
    kit.clock.advance(2 * DAY + NEARLY_A_DAY);
    chat.sweep().await;
    refused!(chat.store.replay_branch(&of_branch).await, BranchNotFound);
    refused!(chat.store.replay_message(&of_message).await, MessageNotFound);
    refused!(chat.store.fork(&same_id).await, IdTaken);
    kit.clock.advance(2 * SECOND);
    chat.sweep().await;
    assert_eq!(chat.store.replay_message(&of_message).await.unwrap(), None);
    assert!(!chat.store.fork(&same_id).await.unwrap().replayed);
}

pub async fn what_can_be_restored_does_not_hold_up_the_sweep(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let first = chat.say(chat.trunk(), "0").await;
    // More than a step of the sweep is about.
    for fork in chat.fork_many(first.id, 210).await {
        chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
    }
    let last = branch(&chat, &first, "last").await;
    chat.store.destroy_branch(chat.owner, last.branch, false).await.unwrap();
    chat.sweep().await;
    assert_eq!(count_messages(kit, "TRUE", doc! {}).await, 1);
    kit.clock.advance(DAY);
    chat.sweep().await;
    assert_eq!(deletions(&chat).await, []);
    kit.clock.advance(SECOND);
    chat.sweep().await;
    assert_eq!(chat.store.sweep().await.unwrap(), SweepStep::NothingDue);
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk()]);
}

pub async fn deletions_come_newest_first_in_pages(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let first = chat.say(chat.trunk(), "0").await;
    let mut expected = Vec::new();
    for number in 0..7 {
        let fork = chat.fork(first.id).await;
        chat.update(fork, &rename(Some(&number.to_string()))).await;
        let deleted_at = kit.clock.now();
        chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
        expected.push((DeletionPosition { deleted_at, id: fork }, Some(number.to_string())));
        // Some have the same time.
        kit.clock.advance(SECOND * (number % 3));
    }
    expected.sort_by_key(|(at, _)| std::cmp::Reverse((at.deleted_at, at.id)));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let request = DeletedBranchesRequest { owner: chat.owner, target: chat.trunk(), after, limit: 3 };
        let page = chat.store.list_deleted_branches(&request).await.unwrap();
        assert!(page.items.len() <= 3);
        for deleted in page.items {
            assert_eq!((deleted.purge_at, deleted.branch_count), (deleted.at.deleted_at.plus(DAY), 1));
            found.push((deleted.at, deleted.name));
        }
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(found, expected);
    let other = kit.chat().await;
    let of = |owner, target| DeletedBranchesRequest { owner, target, after: None, limit: 3 };
    refused!(chat.store.list_deleted_branches(&of(other.owner, chat.trunk())).await, ChatNotFound);
    refused!(chat.store.list_deleted_branches(&of(chat.owner, found[0].0.id)).await, ChatNotFound);
    let living = chat.fork(first.id).await;
    assert_eq!(chat.store.list_deleted_branches(&of(chat.owner, living)).await.unwrap().items.len(), 3);
    refused!(chat.store.restore_branch(other.owner, found[0].0.id).await, BranchNotFound);
    refused!(chat.store.restore_branch(chat.owner, BranchId::generate()).await, TargetUnknown);
}

/// Another store has the head of the line cached.
pub async fn an_append_that_meets_a_deletion_leaves_no_gap(kit: &Kit) {
    let chat = undoable_chat(kit).await;
    let replica = chat.through(&kit.store_with(UndoWindow::new(DAY)).await);
    let Branches { b, .. } = Branches::grow(&chat).await;
    replica.say(b.branch, "1").await;
    delete(&chat, b.branch).await;
    refused!(replica.store.append(chat.message(b.branch, "2")).await, BranchNotFound);
    restore(&chat, b.branch).await;
    for (through, question) in [(&chat, "3"), (&replica, "4"), (&chat, "5")] {
        through.say(b.branch, question).await;
    }
    let mut line = chat.line(b.branch).await;
    // It may be there.
    line.retain(|question| question != "2");
    assert_eq!(line, ["0", "a", "b", "1", "3", "4", "5"]);
}
