//! Comparing lines.

use crate::kit::{Chat, Kit, refused};
use shared::ids::{BranchId, UserId};

/// Compares both ways round.
async fn compared(chat: &Chat, left: BranchId, right: BranchId) -> (i64, i64, i64) {
    let (depth, left_ahead, right_ahead) = chat.compare(left, right).await;
    assert_eq!(chat.compare(right, left).await, (depth, right_ahead, left_ahead));
    (depth, left_ahead, right_ahead)
}

pub async fn lines_part_at_their_last_common_message(kit: &Kit) {
    let chat = kit.chat().await;
    let trunk = chat.trunk();
    assert_eq!(compared(&chat, trunk, trunk).await, (0, 0, 0));
    let first = chat.say(trunk, "1").await;
    let second = chat.say(trunk, "2").await;
    let empty = chat.fork(second.id).await;
    assert_eq!(compared(&chat, trunk, empty).await, (2, 0, 0));
    chat.say(trunk, "3").await;
    let fork = chat.fork(second.id).await;
    let third = chat.say(fork, "3f").await;
    let leaf = chat.fork(third.id).await;
    chat.say(leaf, "4").await;
    chat.say(leaf, "5").await;
    let other = chat.fork(first.id).await;
    chat.say(other, "2o").await;
    let before_first = chat.store.fork(&chat.branch(None)).await.unwrap().object.branch.id;

    assert_eq!(compared(&chat, trunk, fork).await, (2, 1, 1));
    assert_eq!(compared(&chat, trunk, leaf).await, (2, 1, 3));
    assert_eq!(compared(&chat, fork, leaf).await, (3, 0, 2));
    assert_eq!(compared(&chat, leaf, other).await, (1, 4, 1));
    assert_eq!(compared(&chat, empty, leaf).await, (2, 0, 3));
    assert_eq!(compared(&chat, empty, empty).await, (2, 0, 0));
    assert_eq!(compared(&chat, leaf, leaf).await, (5, 0, 0));
    assert_eq!(compared(&chat, before_first, leaf).await, (0, 0, 5));
    chat.say(before_first, "1b").await;
    assert_eq!(compared(&chat, before_first, trunk).await, (0, 1, 3));

    let parted = chat.store.compare(chat.owner, leaf, trunk).await.unwrap();
    assert_eq!(parted.common.map(|common| (common.id, common.depth)), Some((second.id, 2)));
    assert_eq!((parted.left.branch, parted.right.branch), (leaf, trunk));
    let (leaf, trunk) = (chat.node(leaf).await.unwrap(), chat.node(trunk).await.unwrap());
    assert_eq!((parted.left.head, parted.right.head), (leaf.branch.head, trunk.branch.head));
}

pub async fn chains_longer_than_the_window_are_compared(kit: &Kit) {
    let chat = kit.chat().await;
    chat.say(chat.trunk(), "1").await;
    let root = chat.say(chat.trunk(), "2").await;
    let mut ends = Vec::new();
    // Each is a chain of branches with a message each.
    for length in [140, 70, 1] {
        let mut last = root.id;
        let mut chain = Vec::new();
        for _ in 0..length {
            let branch = chat.fork(last).await;
            last = chat.say(branch, "q").await.id;
            chain.push(branch);
        }
        ends.push(chain);
    }
    let [long, short, single] = <[_; 3]>::try_from(ends).unwrap();
    assert_eq!(compared(&chat, long[139], short[69]).await, (2, 140, 70));
    assert_eq!(compared(&chat, long[139], single[0]).await, (2, 140, 1));
    assert_eq!(compared(&chat, long[139], chat.trunk()).await, (2, 140, 0));
    for (ancestor, depth) in [(0, 3), (20, 23), (75, 78), (138, 141)] {
        assert_eq!(compared(&chat, long[139], long[ancestor]).await, (depth, 142 - depth, 0));
    }
}

/// Hints may lag behind.
pub async fn heads_are_the_present_ones(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = chat.through(&kit.replica().await);
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    for number in 1..100 {
        chat.say(chat.trunk(), "t").await;
        if number % 33 == 0 {
            let head = chat.say(fork, "f").await;
            assert_eq!(replica.compare(chat.trunk(), fork).await, (1, number, number / 33));
            let compared = replica.store.compare(chat.owner, fork, chat.trunk()).await.unwrap();
            assert_eq!(compared.left.head, Some(head.id));
        }
    }
}

pub async fn chats_share_nothing(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    chat.say(fork, "2").await;
    other.say(other.trunk(), "1").await;
    for branch in [chat.trunk(), fork] {
        let (depth, _, ahead) = compared(&chat, branch, other.trunk()).await;
        assert_eq!((depth, ahead), (0, 1));
    }
}

pub async fn branches_of_others_are_not_compared(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    let (fork, gone) = (chat.fork(first.id).await, chat.fork(first.id).await);
    chat.store.delete_branch(chat.owner, gone, false).await.unwrap();
    let deleted = kit.chat_of(chat.owner).await;
    deleted.store.delete_chat(chat.owner, deleted.id).await.unwrap();
    for wrong in [stranger.trunk(), gone, deleted.trunk()] {
        refused!(chat.store.compare(chat.owner, fork, wrong).await, BranchNotFound);
        refused!(chat.store.compare(chat.owner, wrong, fork).await, BranchNotFound);
    }
    refused!(chat.store.compare(chat.owner, fork, BranchId::generate()).await, TargetUnknown);
    refused!(chat.store.compare(chat.owner, BranchId::generate(), fork).await, TargetUnknown);
    refused!(chat.store.compare(UserId::generate(), fork, chat.trunk()).await, BranchNotFound);
}
