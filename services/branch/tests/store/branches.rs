//! Listing branches, and changing them.

use crate::kit::{Chat, Kit, ids, refused, rename};
use branch::domain::Branch;
use branch::store::{BranchPage, Lookup, NewTrunk};
use shared::ids::{BranchId, ChatId, UserId};
use std::time::Duration;

pub async fn the_tree_comes_parents_first_and_in_pages(kit: &Kit) {
    let chat = kit.chat().await;
    let mut messages = vec![chat.say(chat.trunk(), "0").await];
    for number in 0..25 {
        if number % 4 == 0 {
            kit.clock.advance(Duration::from_millis(1));
        }
        let from = messages[number / 3].id;
        let fork = chat.fork(from).await;
        messages.push(chat.say(fork, &number.to_string()).await);
    }
    for node in [chat.trunk(), messages[1].branch, messages[25].branch] {
        let node = chat.node(node).await.unwrap().branch;
        let whole = chat.list(node.id, None, 10_000).await;
        assert_eq!((whole.root, whole.active), (node.id, chat.trunk()));
        assert_eq!((whole.items[0].id, whole.next), (node.id, None));
        assert!(whole.items.is_sorted_by_key(Branch::key));
        let children = whole.items.iter().filter(|branch| branch.parent == Some(node.id));
        assert_eq!(whole.children, children.map(|branch| branch.id).collect::<Vec<_>>());
        assert_eq!(pages(&chat, node.id, 4).await, whole);
    }
    assert_eq!(chat.tree(chat.trunk()).await.len(), 26);
}

/// All pages together.
async fn pages(chat: &Chat, node: BranchId, limit: usize) -> BranchPage {
    let mut all = chat.list(node, None, limit).await;
    while let Some(after) = all.next {
        let page = chat.list(node, Some(after), limit).await;
        assert_eq!(page.children, all.children);
        assert!(page.items.len() <= limit);
        all.items.extend(page.items);
        all.next = page.next;
    }
    all
}

/// On one level, made at once and over days; and on many levels, a few on each.
pub async fn pages_of_wide_and_narrow_trees_are_complete(kit: &Kit) {
    let (wide, narrow) = (kit.chat().await, kit.chat().await);
    let first = wide.say(wide.trunk(), "0").await;
    let mut upper = narrow.say(narrow.trunk(), "0").await;
    for number in 0..150 {
        let forks = wide.fork_many(first.id, 4).await;
        if number % 25 == 24 {
            kit.clock.advance(Duration::from_secs(number * 4_000));
            let below = wide.say(forks[3], "below").await;
            wide.fork(below.id).await;
        }
        let forks = narrow.fork_many(upper.id, 4).await;
        kit.clock.advance(Duration::from_millis(30));
        upper = narrow.say(forks[3], "further").await;
    }
    for chat in [wide, narrow] {
        let whole = chat.list(chat.trunk(), None, 10_000).await;
        assert!(whole.items.len() > 600 && whole.items.is_sorted_by_key(Branch::key));
        for limit in [70, 200] {
            assert_eq!(pages(&chat, chat.trunk(), limit).await, whole);
        }
    }
}

/// Hints may lag behind: both by little and by much.
pub async fn lists_and_lookups_have_the_present_heads(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = chat.through(&kit.replica().await);
    let first = chat.say(chat.trunk(), "0").await;
    let fork = chat.fork(first.id).await;
    let mut last = first.id;
    for number in 1..150 {
        last = chat.say(chat.trunk(), &number.to_string()).await.id;
        if number % 50 == 1 {
            let forked = chat.say(fork, "f").await;
            for chat in [&chat, &replica] {
                let tree = chat.tree(chat.trunk()).await;
                assert_eq!((tree[0].head, tree[0].head_depth), (Some(last), number + 1));
                assert_eq!((tree[1].head, tree[1].message_count()), (Some(forked.id), number / 50 + 1));
            }
        }
    }
    let node = replica.node(chat.trunk()).await.unwrap().branch;
    assert_eq!((node.head, node.message_count()), (Some(last), 150));
}

pub async fn a_branch_is_renamed_and_unnamed(kit: &Kit) {
    let chat = kit.chat().await;
    for text in ["x", "😀 $set.a", &"é".repeat(200)] {
        let branch = chat.update(chat.trunk(), &rename(Some(text))).await;
        assert_eq!(branch.name.as_deref(), Some(text));
        assert_eq!(chat.tree(chat.trunk()).await[0].name.as_deref(), Some(text));
    }
    assert_eq!(chat.update(chat.trunk(), &rename(None)).await.name, None);
    refused!(chat.store.update_branch(chat.owner, BranchId::generate(), &rename(None)).await, BranchNotFound);
}

pub async fn the_active_branch_is_one_of_the_chat(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    chat.store.activate(chat.owner, chat.trunk(), fork).await.unwrap();
    for wrong in [other.trunk(), BranchId::generate()] {
        refused!(chat.store.activate(chat.owner, chat.trunk(), wrong).await, BranchNotFound);
    }
    refused!(chat.store.activate(chat.owner, BranchId::generate(), fork).await, TargetUnknown);
    assert_eq!(chat.active().await, fork);
    assert_eq!(chat.node(fork).await.unwrap().active, fork);
    assert_eq!(other.active().await, other.trunk());
    chat.store.activate(chat.owner, chat.trunk(), chat.trunk()).await.unwrap();
    assert_eq!(chat.active().await, chat.trunk());
}

pub async fn a_trunk_is_created_once(kit: &Kit) {
    let chat = kit.chat().await;
    chat.say(chat.trunk(), "1").await;
    let again = NewTrunk { chat: chat.id, owner: UserId::generate(), created_at: kit.clock.now() };
    kit.store.create_trunk(again).await.unwrap();
    assert_eq!(chat.line(chat.trunk()).await, ["1"]);
    assert_eq!(kit.store.look_up(again.owner, chat.trunk()).await.unwrap(), Lookup::Hidden);
    assert_eq!(kit.store.look_up(chat.owner, BranchId::generate()).await.unwrap(), Lookup::Unknown);
    // A tombstone wins over a trunk that is planted later.
    let gone = NewTrunk { chat: ChatId::generate(), owner: chat.owner, created_at: kit.clock.now() };
    kit.store.delete_chat(gone.owner, gone.chat).await.unwrap();
    kit.store.create_trunk(gone).await.unwrap();
    assert_eq!(kit.store.look_up(gone.owner, gone.chat.trunk()).await.unwrap(), Lookup::Hidden);
    kit.store.check().await.unwrap();
    assert_eq!(ids(&chat.tree(chat.trunk()).await), [chat.trunk()]);
}
