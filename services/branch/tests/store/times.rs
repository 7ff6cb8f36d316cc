//! A clock that was set back: across a restart, or on another replica.

use crate::kit::{Chat, Kit};
use branch::domain::{Branch, Message, Order};
use branch::store::ListRequest;
use shared::ids::BranchId;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// Checks that times rise along every line of a chat, and that no branch is older than what it comes from.
pub async fn check_times(chat: &Chat) {
    let tree = chat.tree(chat.trunk()).await;
    for branch in &tree {
        let line = chat.read(branch.id, Order::Asc, 200).await.unwrap();
        for pair in line.windows(2) {
            assert!(pair[0].created_at < pair[1].created_at, "{pair:?}");
        }
        check_origin(branch, &tree, &line);
    }
}

fn check_origin(branch: &Branch, tree: &[Branch], line: &[Message]) {
    let parent = tree.iter().find(|other| Some(other.id) == branch.parent);
    assert!(parent.is_none_or(|parent| parent.created_at <= branch.created_at), "{parent:?} {branch:?}");
    for message in line {
        let is_inherited = message.depth <= branch.fork_depth;
        let (first, second) = if is_inherited {
            (message.created_at, branch.created_at)
        } else {
            (branch.created_at, message.created_at)
        };
        assert!(first <= second, "{message:?} {branch:?}");
    }
}

async fn fork(chat: &Chat, from: Option<&Message>) -> BranchId {
    let new = chat.branch(from.map(|message| message.id));
    chat.store.fork(&new).await.unwrap().object.branch.id
}

pub async fn times_rise_along_a_line_when_the_clock_is_set_back(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = chat.through(&kit.replica().await);
    let first = chat.say(chat.trunk(), "1").await;
    assert_eq!(first.created_at, kit.clock.now());
    kit.clock.set_back(HOUR);
    let second = chat.say(chat.trunk(), "2").await;
    // Another process, which has not seen the line.
    let third = replica.say(chat.trunk(), "3").await;
    assert!(first.created_at < second.created_at && second.created_at < third.created_at);
    // A fork that has no messages of its own yet, and one of that.
    kit.clock.set_back(HOUR);
    let florida = fork(&chat, Some(&second)).await;
    kit.clock.set_back(HOUR);
    let since = replica.say(florida, "2f").await;
    let deeper = fork(&chat, Some(&since)).await;
    chat.say(deeper, "3d").await;
    let version = fork(&replica, None).await;
    chat.say(version, "1v").await;
    check_times(&chat).await;
    // When the clock has caught up, it is what counts.
    kit.clock.advance(4 * HOUR);
    assert_eq!(chat.say(deeper, "4d").await.created_at, kit.clock.now());
    assert_eq!(replica.say(chat.trunk(), "4").await.created_at, kit.clock.now());
    check_times(&chat).await;
}

pub async fn times_rise_for_concurrent_writers(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = kit.replica().await;
    let stores = [chat.clone(), chat.through(&replica)];
    let writing = (0..24).map(|number| {
        let (chat, clock) = (stores[number % 2].clone(), kit.clock.clone());
        tokio::spawn(async move {
            clock.set_back(Duration::from_millis(1));
            chat.say(chat.trunk(), "x").await
        })
    });
    for one in writing.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    check_times(&chat).await;
    // So the list of all messages, newest first, has the line from its end.
    let all = kit.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items;
    let depths: Vec<_> = all.iter().map(|message| message.depth).collect();
    assert_eq!(depths, (1..=24).rev().collect::<Vec<_>>());
}
