//! Forking branches.

use crate::kit::{Kit, name, refused};
use branch::store::{ForkRequest, MessageRequest};
use shared::ids::{BranchId, ResponseId};
use std::time::Duration;

pub async fn the_parent_of_a_fork_is_the_owner_of_the_message(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    kit.clock.advance(Duration::from_secs(1));
    let new = ForkRequest { name: Some(name(" A 🌳 ")), ..chat.branch(Some(second.id)) };
    let made = chat.store.fork(&new).await.unwrap();
    let branch = &made.object.branch;
    assert!(!made.replayed);
    assert_eq!(
        (branch.parent, branch.forked_from, branch.fork_depth),
        (Some(chat.trunk()), Some(second.id), 2)
    );
    assert_eq!((branch.head, branch.head_depth, branch.level), (Some(second.id), 2, 1));
    assert_eq!((branch.chat, branch.name.as_deref()), (chat.id, Some(" A 🌳 ")));
    assert_eq!((branch.created_at, made.object.active), (kit.clock.now(), chat.trunk()));
    assert_eq!(chat.node(branch.id).await.as_ref(), Some(&made.object));
    // At an inherited message: its owner is the parent.
    chat.say(branch.id, "3").await;
    let new = ForkRequest { target: branch.id, ..chat.branch(Some(first.id)) };
    let sibling = chat.store.fork(&new).await.unwrap().object.branch;
    assert_eq!((sibling.parent, sibling.fork_depth, sibling.level), (Some(chat.trunk()), 1, 1));
    // Before the first message: the trunk is.
    let empty = chat.store.fork(&chat.branch(None)).await.unwrap().object.branch;
    assert_eq!((empty.parent, empty.fork_depth, empty.head), (Some(chat.trunk()), 0, None));
    assert_eq!(chat.say(empty.id, "other").await.depth, 1);
    let message =
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, second.id)).await.unwrap().unwrap();
    assert_eq!((message.forks.oldest, message.forks.count), (vec![branch.id], 1));
}

pub async fn a_fork_needs_a_message_on_the_named_line(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let elsewhere = other.say(other.trunk(), "x").await;
    let fork = chat.fork(first.id).await;
    let forked = chat.say(fork, "2f").await;
    let leaf = chat.fork(forked.id).await;
    let on = |line: BranchId, from: ResponseId| ForkRequest { target: line, ..chat.branch(Some(from)) };
    for (line, from) in [(fork, second.id), (leaf, second.id), (fork, elsewhere.id)] {
        refused!(chat.store.check_fork(&on(line, from)).await, MessageNotFound);
        refused!(chat.store.fork(&on(line, from)).await, MessageNotFound);
    }
    for from in [elsewhere.id, ResponseId::generate()] {
        refused!(chat.store.fork(&chat.branch(Some(from))).await, MessageNotFound);
    }
    for (line, from) in [(fork, first.id), (leaf, first.id), (leaf, forked.id), (fork, forked.id)] {
        chat.store.check_fork(&on(line, from)).await.unwrap();
        chat.store.fork(&on(line, from)).await.unwrap();
    }
}

pub async fn an_id_is_taken_once(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    let with = |id: BranchId| ForkRequest { id: Some(id), ..chat.branch(Some(first.id)) };
    let id = BranchId::generate();
    assert_eq!(chat.store.fork(&with(id)).await.unwrap().object.branch.id, id);
    let deleted = chat.fork(first.id).await;
    chat.store.delete_branch(chat.owner, deleted, false).await.unwrap();
    for taken in [id, chat.trunk(), stranger.trunk(), deleted] {
        refused!(chat.store.fork(&with(taken)).await, IdTaken);
    }
    kit.sweep().await;
    refused!(chat.store.fork(&with(deleted)).await, IdTaken);
}

pub async fn a_fork_can_become_active(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    assert_eq!(chat.active().await, chat.trunk());
    let new = ForkRequest { activate: true, ..chat.branch(Some(first.id)) };
    let fork = chat.store.fork(&new).await.unwrap().object;
    assert_eq!(fork.active, fork.branch.id);
    assert_eq!(chat.active().await, fork.branch.id);
    let other = chat.store.fork(&chat.branch(Some(first.id))).await.unwrap().object;
    assert_eq!(other.active, fork.branch.id);
}

pub async fn a_message_with_many_forks_lists_the_oldest(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let forks = chat.fork_many(first.id, 1_050).await;
    let beside = chat.fork(second.id).await;
    let page = chat.store.read_page(&chat.page(chat.trunk())).await.unwrap().messages.items;
    assert_eq!((page[0].forks.count, &page[0].forks.oldest), (1_050, &forks[..100].to_vec()));
    assert_eq!((page[1].forks.count, &page[1].forks.oldest), (1, &vec![beside]));
    let message =
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, first.id)).await.unwrap().unwrap();
    assert_eq!(message.forks, page[0].forks);
}
