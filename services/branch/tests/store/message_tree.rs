//! All messages of a chat, without their texts.

use crate::kit::{Chat, Kit, refused};
use branch::domain::{Message, Order, Response};
use branch::store::{MessageTreeRequest, TreeEntry};
use shared::ids::{BranchId, UserId};
use shared::validation::TextField as _;

pub fn request(chat: &Chat) -> MessageTreeRequest {
    let (owner, target) = (chat.owner, chat.trunk());
    MessageTreeRequest { owner, target, after: None, limit: 1_000, with_previews: false }
}

/// All pages, and how many they are.
pub async fn walk(chat: &Chat, mut request: MessageTreeRequest) -> (Vec<TreeEntry>, usize) {
    let (mut found, mut pages) = (Vec::new(), 0);
    loop {
        let page = chat.store.list_message_tree(&request).await.unwrap();
        assert!(page.items.len() <= request.limit);
        found.extend(page.items);
        pages += 1;
        request.after = page.next;
        if page.next.is_none() {
            return (found, pages);
        }
    }
}

fn entry(message: &Message) -> TreeEntry {
    TreeEntry {
        id: message.id,
        parent: message.parent,
        branch: message.branch,
        depth: message.depth,
        created_at: message.created_at,
        version: message.version.number,
        preview: None,
    }
}

/// The messages that each branch owns, in the order of the branches.
async fn expected(chat: &Chat) -> Vec<TreeEntry> {
    let mut expected = Vec::new();
    for branch in chat.tree(chat.trunk()).await {
        let line = chat.read(branch.id, Order::Asc, 200).await.unwrap();
        expected.extend(line.iter().filter(|message| message.branch == branch.id).map(entry));
    }
    expected
}

/// A chat whose branches have up to seven messages, and many none.
async fn tree(kit: &Kit) -> (Chat, Vec<BranchId>) {
    let chat = kit.chat().await;
    let mut messages = vec![chat.say(chat.trunk(), "first").await];
    let mut branches = vec![chat.trunk()];
    for number in 0..40_usize {
        let fork = chat.fork(messages[number * 7 % messages.len()].id).await;
        let count = if number == 11 { 7 } else { number % 4 };
        for own in 0..count {
            messages.push(chat.say(fork, &format!("{number}.{own}")).await);
        }
        branches.push(fork);
    }
    (chat, branches)
}

pub async fn all_messages_come_branch_by_branch_in_pages(kit: &Kit) {
    let (chat, branches) = tree(kit).await;
    let replica = chat.through(&kit.replica().await);
    let expected = expected(&chat).await;
    for limit in [1, 2, 7, 50, 1_000] {
        for (chat, target) in [(&chat, chat.trunk()), (&replica, branches[9])] {
            let request = MessageTreeRequest { target, limit, ..request(chat) };
            let (found, pages) = walk(chat, request).await;
            assert_eq!(found, expected);
            assert_eq!(pages, expected.len().div_ceil(limit));
        }
    }
    let empty = kit.chat().await;
    assert_eq!(walk(&empty, request(&empty)).await, (Vec::new(), 1));
}

pub async fn a_preview_is_of_the_question_or_of_the_response(kit: &Kit) {
    let chat = kit.chat().await;
    for (question, response) in [("q", "r"), ("", "r"), (" ", "r"), ("q", "")] {
        let mut new = chat.message(chat.trunk(), question);
        new.response = Response::parse(response.to_owned()).unwrap();
        kit.store.append(new).await.unwrap();
    }
    chat.say(chat.trunk(), &"😀".repeat(1 << 18)).await;
    let (found, _) = walk(&chat, MessageTreeRequest { with_previews: true, ..request(&chat) }).await;
    let previews: Vec<_> = found.into_iter().map(|entry| entry.preview.unwrap()).collect();
    assert_eq!(previews, ["q", "r", " ", "q", &"😀".repeat(80)]);
}

/// Of thousands of branches without messages a page reads a hundred.
pub async fn branches_without_messages_make_pages_short(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let last = chat.fork_many(first.id, 850).await[849];
    chat.say(last, "2").await;
    let line = chat.read(last, Order::Asc, 200).await.unwrap();
    let expected: Vec<_> = line.iter().map(entry).collect();
    let (found, pages) = walk(&chat, MessageTreeRequest { limit: 10, ..request(&chat) }).await;
    assert_eq!((found.len(), pages), (2, 9));
    assert_eq!(found, expected);
}

pub async fn what_is_deleted_or_anothers_is_not_in_the_tree(kit: &Kit) {
    let (chat, branches) = tree(kit).await;
    let page =
        chat.store.list_message_tree(&MessageTreeRequest { limit: 2, ..request(&chat) }).await.unwrap();
    let begun = page.items[1].branch;
    chat.store.delete_branch(chat.owner, begun, true).await.unwrap();
    let expected = expected(&chat).await;
    let rest = MessageTreeRequest { after: page.next, ..request(&chat) };
    let (found, _) = walk(&chat, rest).await;
    assert_eq!(found, expected[1..]);
    assert_eq!(walk(&chat, request(&chat)).await.0, expected);
    let stranger = MessageTreeRequest { owner: UserId::generate(), ..request(&chat) };
    refused!(chat.store.list_message_tree(&stranger).await, ChatNotFound);
    for target in [begun, BranchId::generate()] {
        let missing = MessageTreeRequest { target, ..request(&chat) };
        assert!(chat.store.list_message_tree(&missing).await.is_err());
    }
    assert!(branches.contains(&begun));
}
