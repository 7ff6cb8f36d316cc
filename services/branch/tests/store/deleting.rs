//! Deleting, and what is left of it.

use crate::kit::{Chat, Kit, ids, key, refused, rename};
use branch::domain::{Message, Order};
use branch::store::{ForkRequest, ListRequest, Lookup, MessageRequest, NewTrunk, SweepStep};
use shared::ids::{BranchId, ChatId, UserId};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A chain of forks of forks, each with one message; the trunk first.
async fn chain(chat: &Chat, length: usize) -> Vec<Message> {
    let mut messages = vec![chat.say(chat.trunk(), "0").await];
    for level in 1..=length {
        let fork = chat.fork(messages[level - 1].id).await;
        messages.push(chat.say(fork, &level.to_string()).await);
    }
    messages
}

pub async fn without_cascade_only_a_leaf_is_deleted(kit: &Kit) {
    let chat = kit.chat().await;
    let messages = chain(&chat, 2).await;
    let (node, leaf) = (messages[1].branch, messages[2].branch);
    refused!(chat.store.delete_branch(chat.owner, node, false).await, HasDescendants);
    // What was refused has left no trace.
    assert_eq!(chat.line(leaf).await, ["0", "1", "2"]);
    chat.say(node, "more").await;
    chat.store.activate(chat.owner, chat.trunk(), leaf).await.unwrap();
    chat.store.delete_branch(chat.owner, leaf, false).await.unwrap();
    assert_eq!((chat.node(leaf).await, chat.active().await), (None, node));
    refused!(chat.store.delete_branch(chat.owner, leaf, false).await, BranchNotFound);
    refused!(chat.store.append(chat.message(leaf, "x")).await, BranchNotFound);
    refused!(chat.store.fork(&chat.branch(Some(messages[2].id))).await, MessageNotFound);
    refused!(chat.store.read_page(&chat.page(leaf)).await, BranchNotFound);
    assert_eq!(
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, messages[2].id)).await.unwrap(),
        None
    );
    let forked = chat
        .store
        .read_message(MessageRequest::in_own_chat(chat.owner, messages[1].id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((forked.forks.count, forked.forks.oldest.len()), (0, 0));
    chat.store.delete_branch(chat.owner, node, false).await.unwrap();
    assert_eq!(
        (ids(&chat.tree(chat.trunk()).await), chat.active().await),
        (vec![chat.trunk()], chat.trunk())
    );
}

pub async fn a_cascade_deletes_all_descendants(kit: &Kit) {
    let chat = kit.chat().await;
    let messages = chain(&chat, 5).await;
    let aside = chat.fork(messages[1].id).await;
    chat.store.activate(chat.owner, chat.trunk(), messages[5].branch).await.unwrap();
    chat.store.delete_branch(chat.owner, messages[2].branch, true).await.unwrap();
    for gone in &messages[2..] {
        assert_eq!(chat.node(gone.branch).await, None);
        assert_eq!(
            chat.store.read_message(MessageRequest::in_own_chat(chat.owner, gone.id)).await.unwrap(),
            None
        );
    }
    assert_eq!(chat.active().await, messages[1].branch);
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk(), messages[1].branch, aside]);
    kit.sweep().await;
    assert_eq!(chat.line(aside).await, ["0", "1"]);
    chat.store.delete_branch(chat.owner, messages[1].branch, true).await.unwrap();
    assert_eq!(chat.active().await, chat.trunk());
}

pub async fn a_trunk_is_not_deleted(kit: &Kit) {
    let chat = kit.chat().await;
    for cascade in [false, true] {
        refused!(chat.store.delete_branch(chat.owner, chat.trunk(), cascade).await, IsTrunk);
    }
    refused!(chat.store.delete_branch(chat.owner, BranchId::generate(), true).await, BranchNotFound);
}

pub async fn a_chat_is_hidden_also_if_its_trunk_was_never_created(kit: &Kit) {
    let (chat, kept) = (kit.chat().await, kit.chat().await);
    let messages = chain(&chat, 3).await;
    let unknown = ChatId::generate();
    for chat_id in [chat.id, unknown, unknown, chat.id] {
        kit.store.delete_chat(chat.owner, chat_id).await.unwrap();
        assert_eq!(kit.store.look_up(chat.owner, chat_id.trunk()).await.unwrap(), Lookup::Hidden);
    }
    for swept in [false, true] {
        for message in &messages {
            let branch = message.branch;
            assert_eq!(kit.store.look_up(chat.owner, branch).await.unwrap(), Lookup::Hidden, "{swept}");
            assert_eq!(
                kit.store.read_message(MessageRequest::in_own_chat(chat.owner, message.id)).await.unwrap(),
                None
            );
            let appended = kit.store.append(chat.message(branch, "x")).await;
            assert!(appended.is_err());
            assert!(kit.store.fork(&chat.branch(Some(message.id))).await.is_err());
            refused!(kit.store.update_branch(chat.owner, branch, &rename(None)).await, BranchNotFound);
            refused!(kit.store.delete_branch(chat.owner, branch, true).await, BranchNotFound);
        }
        refused!(kit.store.activate(chat.owner, chat.trunk(), chat.trunk()).await, ChatNotFound);
        assert!(
            kit.store
                .list_messages(&ListRequest::newest(chat.owner, None, 50))
                .await
                .unwrap()
                .items
                .is_empty()
        );
        kit.sweep().await;
    }
    assert!(kept.line(kept.trunk()).await.is_empty());
}

pub async fn the_sweep_leaves_tombstones_for_a_day(kit: &Kit) {
    let chat = kit.chat().await;
    let messages = chain(&chat, 3).await;
    let gone: Vec<_> = messages[1..].iter().map(|message| message.branch).collect();
    chat.store.delete_branch(chat.owner, gone[0], true).await.unwrap();
    kit.sweep().await;
    kit.clock.advance(Duration::from_secs(24 * 60 * 60 - 1));
    kit.sweep().await;
    for branch in &gone {
        assert_eq!(kit.store.look_up(chat.owner, *branch).await.unwrap(), Lookup::Hidden);
    }
    kit.clock.advance(Duration::from_secs(2));
    kit.sweep().await;
    for branch in &gone {
        assert_eq!(kit.store.look_up(chat.owner, *branch).await.unwrap(), Lookup::Unknown);
    }
    assert_eq!(kit.store.sweep().await.unwrap(), SweepStep::NothingDue);
    assert_eq!(chat.line(chat.trunk()).await, ["0"]);
}

pub async fn a_store_that_has_read_a_branch_hides_it_as_soon_as_another_deletes_it(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let replica = kit.replica().await;
    let messages = chain(&chat, 70).await;
    let (first, leaf) = (messages[1].branch, messages[70].branch);
    // Both have read the branches on the line, and whose they are.
    for store in [&kit.store, &replica] {
        assert_eq!(chat.through(store).line(leaf).await.len(), 71);
        for branch in [first, leaf] {
            assert!(matches!(store.look_up(chat.owner, branch).await.unwrap(), Lookup::Found(_)));
            assert_eq!(store.look_up(stranger.owner, branch).await.unwrap(), Lookup::Hidden);
        }
    }
    replica.delete_branch(chat.owner, first, true).await.unwrap();
    for branch in [first, leaf] {
        assert_eq!(kit.store.look_up(chat.owner, branch).await.unwrap(), Lookup::Hidden);
        refused!(chat.read(branch, Order::Asc, 200).await, BranchNotFound);
        refused!(chat.store.append(chat.message(branch, "x")).await, BranchNotFound);
        refused!(chat.store.fork(&chat.branch(Some(messages[70].id))).await, MessageNotFound);
    }
    kit.sweep().await;
    kit.clock.advance(DAY + Duration::from_secs(1));
    kit.sweep().await;
    // The same ids, in another chat of another user.
    let origin = stranger.say(stranger.trunk(), "another's").await;
    for id in [first, leaf] {
        replica.fork(&ForkRequest { id: Some(id), ..stranger.branch(Some(origin.id)) }).await.unwrap();
        assert_eq!(kit.store.look_up(chat.owner, id).await.unwrap(), Lookup::Hidden);
        assert_eq!(stranger.node(id).await.unwrap().branch.chat, stranger.id);
        assert_eq!(stranger.line(id).await, ["another's"]);
    }
}

pub async fn the_sweep_deletes_a_long_line(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    for number in 0..450 {
        let mut message = chat.message(fork, "x");
        message.key = Some(key(1)).filter(|_| number % 3 == 0);
        kit.store.append(message.clone()).await.unwrap();
    }
    kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
    kit.sweep().await;
    kit.clock.advance(DAY + Duration::from_secs(1));
    kit.sweep().await;
    assert_eq!(kit.store.look_up(chat.owner, chat.trunk()).await.unwrap(), Lookup::Unknown);
    assert_eq!(kit.store.look_up(chat.owner, fork).await.unwrap(), Lookup::Unknown);
    // The same ids once more: nothing of the old line comes back.
    kit.store
        .create_trunk(NewTrunk { chat: chat.id, owner: chat.owner, created_at: kit.clock.now() })
        .await
        .unwrap();
    assert!(chat.line(chat.trunk()).await.is_empty());
    assert_eq!(
        kit.store.read_message(MessageRequest::in_own_chat(chat.owner, first.id)).await.unwrap(),
        None
    );
    let again = chat.say(chat.trunk(), "again").await;
    let mut new = chat.branch(Some(again.id));
    new.id = Some(fork);
    kit.store.fork(&new).await.unwrap();
    assert_eq!(chat.line(fork).await, ["again"]);
    assert!(
        kit.store
            .list_messages(&ListRequest::newest(UserId::generate(), None, 5))
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

pub async fn a_deleted_branch_is_not_found_by_appends_and_deletions(kit: &Kit) {
    let chat = kit.chat().await;
    let messages = chain(&chat, 2).await;
    let replica = chat.through(&kit.replica().await);
    // A store that remembers the head of the line learns that it is gone.
    replica.say(messages[2].branch, "x").await;
    chat.store.delete_branch(chat.owner, messages[2].branch, false).await.unwrap();
    refused!(replica.store.append(chat.message(messages[2].branch, "x")).await, BranchNotFound);
    refused!(replica.store.delete_branch(chat.owner, messages[2].branch, false).await, BranchNotFound);
    kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
    assert!(replica.store.append(chat.message(chat.trunk(), "x")).await.is_err());
}

pub async fn deleted_texts_are_gone_from_the_files(kit: &Kit) {
    let (kept, gone) = (kit.chat().await, kit.chat().await);
    kept.say(kept.trunk(), "what stays").await;
    for _ in 0..200 {
        gone.say(gone.trunk(), &"what nobody may read any more ".repeat(100)).await;
    }
    let holds = |text: &str| kit.bytes().windows(text.len()).any(|window| window == text.as_bytes());
    let before = kit.bytes().len();
    assert!(holds("what nobody may read any more"));
    gone.store.delete_chat(gone.owner, gone.id).await.unwrap();
    kit.sweep().await;
    assert!(holds("what stays") && !holds("what nobody may read any more"));
    let after = kit.bytes().len();
    assert!(after < before / 4, "{before} {after}");
    assert_eq!(kept.line(kept.trunk()).await, ["what stays"]);
}
