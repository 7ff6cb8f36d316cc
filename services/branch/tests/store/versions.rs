//! The versions of messages.

use crate::kit::{Chat, Kit, concurrently, refused};
use crate::message_tree::{request, walk};
use branch::domain::{Message, Order, Version};
use branch::store::{LineRequest, ListRequest, MessageRequest, VersionEntry, VersionsRequest};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use shared::validation::TextField as _;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Pairs of pages that take longer to read than hints are gathered before they are written.
const LISTS_WHILE_HINTS_ARE_WRITTEN: usize = 20;

fn pair(message: &Message) -> (i64, i64) {
    (message.version.number, message.version.count)
}

async fn read(chat: &Chat, message: ResponseId) -> Message {
    chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message)).await.unwrap().unwrap()
}

/// The versions on a line, oldest message first.
async fn on_line(chat: &Chat, branch: BranchId) -> Vec<(i64, i64)> {
    chat.read(branch, Order::Asc, 200).await.unwrap().iter().map(pair).collect()
}

/// Messages by their parents, each list by time and id.
pub type Siblings = BTreeMap<Option<ResponseId>, BTreeSet<(Timestamp, ResponseId)>>;

/// The messages of these branches.
pub async fn siblings(chat: &Chat, branches: impl Iterator<Item = BranchId>) -> Siblings {
    let mut siblings = Siblings::new();
    for branch in branches {
        for message in chat.read(branch, Order::Asc, 200).await.unwrap() {
            siblings.entry(message.parent).or_default().insert((message.created_at, message.id));
        }
    }
    siblings
}

/// Checks the version of a message that was read in a chat with these siblings.
pub fn check_version(message: &Message, siblings: &Siblings) {
    let siblings = &siblings[&message.parent];
    let number = siblings.iter().position(|(_, id)| *id == message.id).unwrap() + 1;
    let version = (message.version.number, message.version.count);
    assert_eq!(version, (i64::try_from(number).unwrap(), i64::try_from(siblings.len()).unwrap()));
}

pub async fn messages_with_the_same_parent_are_versions_of_each_other(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let third = chat.say(chat.trunk(), "3").await;
    assert!([&first, &second, &third].into_iter().all(|message| pair(message) == (1, 1)));
    let mut edits = Vec::new();
    for _ in 0..3 {
        kit.clock.advance(Duration::from_secs(1));
        edits.push(chat.store.edit_message(chat.regenerate(second.id)).await.unwrap().object);
    }
    assert_eq!(edits.iter().map(pair).collect::<Vec<_>>(), [(2, 2), (3, 3), (4, 4)]);
    // An empty fork is no version, and what is said on it is one.
    let fork = chat.fork(first.id).await;
    assert_eq!(pair(&read(&chat, second.id).await), (1, 4));
    kit.clock.advance(Duration::from_secs(1));
    let forked = chat.say(fork, "2f").await;
    assert_eq!(pair(&forked), (5, 5));
    assert_eq!(pair(&chat.say(fork, "3f").await), (1, 1));
    assert_eq!(on_line(&chat, chat.trunk()).await, [(1, 1), (1, 5), (1, 1)]);
    assert_eq!(on_line(&chat, edits[1].branch).await, [(1, 1), (3, 5)]);
    assert_eq!(on_line(&chat, fork).await, [(1, 1), (5, 5), (1, 1)]);
    // The first message of a page, whose parent is not on it.
    let page = LineRequest { order: Order::Desc, limit: 1, ..chat.page(edits[0].branch) };
    assert_eq!(pair(&chat.store.read_page(&page).await.unwrap().messages.items[0]), (2, 5));
    let listed = chat.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items;
    for message in &listed {
        assert_eq!(pair(message), pair(&read(&chat, message.id).await));
    }
    // After the last message of the trunk, where nothing follows on the parent's own branch.
    let below = chat.fork(third.id).await;
    assert_eq!(pair(&chat.say(below, "4b").await), (1, 1));
    assert_eq!(pair(&chat.say(chat.trunk(), "4").await), (2, 2));
    // Those of deleted branches do not count.
    chat.store.delete_branch(chat.owner, edits[0].branch, false).await.unwrap();
    assert_eq!(pair(&read(&chat, edits[2].id).await), (3, 4));
    chat.store.delete_branch(chat.owner, fork, true).await.unwrap();
    assert_eq!(on_line(&chat, edits[2].branch).await, [(1, 1), (3, 3)]);
    kit.sweep().await;
    assert_eq!(on_line(&chat, edits[2].branch).await, [(1, 1), (3, 3)]);
}

pub async fn first_messages_of_a_chat_are_versions_of_each_other(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let before = chat.store.fork(&chat.branch(None)).await.unwrap().object.branch.id;
    assert_eq!(pair(&chat.say(before, "1b").await), (1, 1));
    kit.clock.advance(Duration::from_secs(1));
    let first = chat.say(chat.trunk(), "1").await;
    assert_eq!(pair(&first), (2, 2));
    kit.clock.advance(Duration::from_secs(1));
    let edited = chat.store.edit_message(chat.regenerate(first.id)).await.unwrap().object;
    assert_eq!(pair(&edited), (3, 3));
    assert_eq!(on_line(&chat, before).await, [(1, 3)]);
    assert_eq!(on_line(&chat, chat.trunk()).await, [(2, 3)]);
    assert_eq!(pair(&other.say(other.trunk(), "x").await), (1, 1));
    assert_eq!(pair(&read(&other, edited.id).await), (3, 3));
}

pub async fn inherited_messages_are_told(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    let second = chat.say(fork, "2").await;
    let inherited = async |branch: BranchId| {
        let line = chat.read(branch, Order::Asc, 200).await.unwrap();
        line.into_iter().map(|message| message.inherited).collect::<Vec<_>>()
    };
    assert_eq!(inherited(chat.trunk()).await, [false]);
    assert_eq!(inherited(fork).await, [true, false]);
    assert!(!second.inherited && !read(&chat, first.id).await.inherited);
    let listed = chat.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items;
    assert!(listed.iter().all(|message| !message.inherited));
}

pub async fn a_thousand_versions_are_counted(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    kit.clock.advance(Duration::from_secs(1));
    let mut edits = Vec::new();
    for _ in 0..10 {
        kit.clock.advance(Duration::from_millis(1));
        let edit = async |_| chat.store.edit_message(chat.regenerate(second.id)).await.unwrap().object;
        edits.extend(concurrently(0..101, edit).await);
    }
    kit.clock.advance(Duration::from_millis(1));
    edits.push(chat.store.edit_message(chat.regenerate(second.id)).await.unwrap().object);
    assert_eq!(edits[1_010].version, Version { number: 1_012, count: 1_012 });
    edits.sort_by_key(|edit| (edit.created_at, edit.id));
    for (number, edit) in [(2, &edits[0]), (502, &edits[500])] {
        assert_eq!(pair(&read(&chat, edit.id).await), (number, 1_012));
        assert_eq!(on_line(&chat, edit.branch).await, [(1, 1), (number, 1_012)]);
    }
    assert_eq!(on_line(&chat, chat.trunk()).await, [(1, 1), (1, 1_012)]);
    assert_eq!(read(&chat, first.id).await.forks.count, 1_011);
    let expected: Vec<_> =
        std::iter::once(second.id).chain(edits.iter().map(|edit| edit.id)).zip(1..).collect();
    let listed = list(&chat, second.id, 300).await;
    assert_eq!(listed.iter().map(|one| (one.id, one.number)).collect::<Vec<_>>(), expected);
    let mut tree = walk(&chat, request(&chat)).await.0.split_off(1);
    tree.sort_by_key(|entry| entry.version);
    assert_eq!(tree.iter().map(|entry| (entry.id, entry.version)).collect::<Vec<_>>(), expected);
}

/// All versions of a message, in pages of this length.
async fn list(chat: &Chat, message: ResponseId, limit: usize) -> Vec<VersionEntry> {
    let mut request = VersionsRequest { owner: chat.owner, message, reading_chat: None, after: None, limit };
    let mut versions = Vec::new();
    loop {
        let page = chat.store.list_versions(&request).await.unwrap();
        assert!(page.items.len() <= limit);
        versions.extend(page.items);
        let Some(next) = page.next else { return versions };
        request.after = Some(next);
    }
}

pub async fn a_list_is_whole_while_hints_are_written(kit: &Kit) {
    for _ in 0..4 {
        let chat = kit.chat().await;
        let first = chat.say(chat.trunk(), "1").await;
        kit.clock.advance(Duration::from_secs(1));
        let edit = chat.store.edit_message(chat.regenerate(first.id)).await.unwrap().object;
        let request = VersionsRequest {
            owner: chat.owner,
            message: first.id,
            reading_chat: None,
            after: None,
            limit: 1,
        };
        // On MongoDB the hints of their first messages come about meanwhile.
        for _ in 0..LISTS_WHILE_HINTS_ARE_WRITTEN {
            let page = chat.store.list_versions(&request).await.unwrap();
            let listed: Vec<_> = page.items.iter().map(|entry| (entry.id, entry.number)).collect();
            assert_eq!(listed, [(first.id, 1)]);
            let page = VersionsRequest { after: page.next, ..request };
            let page = chat.store.list_versions(&page).await.unwrap();
            let listed: Vec<_> = page.items.iter().map(|entry| (entry.id, entry.number)).collect();
            assert_eq!((listed, page.next), (vec![(edit.id, 2)], None));
        }
    }
}

pub async fn versions_are_listed_with_the_branch_to_activate(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut long = chat.message(chat.trunk(), &"😀".repeat(81));
    long.response = branch::domain::Response::parse("r".repeat(100)).unwrap();
    let second = chat.store.append(long).await.unwrap().object;
    let head = chat.say(chat.trunk(), "3").await;
    kit.clock.advance(Duration::from_secs(1));
    let edited = chat.store.edit_message(chat.regenerate(second.id)).await.unwrap().object;
    chat.fork(first.id).await;
    let versions = list(&chat, second.id, 50).await;
    assert_eq!(versions, list(&chat, edited.id, 1).await);
    let seen: Vec<_> = versions.iter().map(|one| (one.id, one.branch, one.number, one.created_at)).collect();
    let of = |message: &Message, number| (message.id, message.branch, number, message.created_at);
    assert_eq!(seen, [of(&second, 1), of(&edited, 2)]);
    assert_eq!(versions[0].previews.question, "😀".repeat(80));
    assert_eq!(
        (&*versions[0].previews.response, &*versions[1].previews.response),
        (&*"r".repeat(80), "again")
    );
    let open = async || {
        let versions = list(&chat, second.id, 50).await;
        versions.iter().map(|one| (one.open.branch, one.open.head)).collect::<Vec<_>>()
    };
    // Nothing was made active.
    assert_eq!(open().await, [(chat.trunk(), Some(head.id)), (edited.branch, Some(edited.id))]);
    // On either side a branch below, and a branch above both.
    let [below, other] = [chat.fork(head.id).await, chat.fork(edited.id).await];
    let last = chat.say(other, "4").await;
    let beside = chat.fork(first.id).await;
    for branch in [chat.trunk(), below, other, beside] {
        kit.clock.advance(Duration::from_secs(1));
        chat.store.activate(chat.owner, chat.trunk(), branch).await.unwrap();
    }
    assert_eq!(open().await, [(below, Some(head.id)), (other, Some(last.id))]);
    kit.clock.advance(Duration::from_secs(1));
    chat.store.activate(chat.owner, chat.trunk(), chat.trunk()).await.unwrap();
    assert_eq!(open().await[0].0, chat.trunk());
    // The fallback of a deletion does not count, but a fork that becomes active does.
    kit.clock.advance(Duration::from_secs(1));
    chat.store.activate(chat.owner, chat.trunk(), other).await.unwrap();
    chat.store.delete_branch(chat.owner, other, false).await.unwrap();
    assert_eq!(open().await[1], (edited.branch, Some(edited.id)));
    kit.clock.advance(Duration::from_secs(1));
    let request = branch::store::ForkRequest { activate: true, ..chat.branch(Some(second.id)) };
    let fork = chat.store.fork(&request).await.unwrap().object.branch.id;
    assert_eq!(open().await[0], (fork, Some(second.id)));
}

pub async fn versions_come_in_pages(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut expected = vec![first.id];
    for _ in 0..6 {
        kit.clock.advance(Duration::from_secs(1));
        expected.push(chat.store.edit_message(chat.regenerate(first.id)).await.unwrap().object.id);
    }
    for limit in [1, 2, 3, 7, 50] {
        let versions = list(&chat, expected[3], limit).await;
        assert_eq!(versions.iter().map(|one| one.id).collect::<Vec<_>>(), expected);
        assert_eq!(versions.iter().map(|one| one.number).collect::<Vec<_>>(), (1..=7).collect::<Vec<_>>());
    }
    let stranger = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let request = |chat: &Chat, reading_chat| VersionsRequest {
        owner: chat.owner,
        message: first.id,
        reading_chat,
        after: None,
        limit: 50,
    };
    refused!(chat.store.list_versions(&request(&stranger, None)).await, MessageNotFound);
    refused!(chat.store.list_versions(&request(&chat, Some(other.trunk()))).await, MessageNotFound);
    refused!(chat.store.list_versions(&request(&chat, Some(stranger.trunk()))).await, ChatNotFound);
    let page = chat.store.list_versions(&request(&chat, Some(chat.trunk()))).await.unwrap();
    assert_eq!(page.items.len(), 7);
}
