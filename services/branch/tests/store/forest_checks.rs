//! Compares chats that are forked from each other with their copies.

use crate::forest_model::{Copies, Forest};
use crate::message_tree::{request, walk};
use crate::versions::check_version;
use branch::domain::{Message, Order};
use branch::store::MessageRequest;
use shared::ids::{BranchId, ResponseId};
use std::collections::BTreeMap;

/// The values that a copy of a message and the message itself have in common.
fn lasting(message: &Message) -> (ResponseId, &str, BranchId, i64, Option<ResponseId>) {
    (message.id, &message.question, message.branch, message.depth, message.parent)
}

/// Compares the branches, lines and versions of a chat.
pub async fn check(copies: &Copies) {
    let chat = &copies.chat;
    let siblings = copies.siblings();
    let tree = chat.tree(chat.trunk()).await;
    assert_eq!(tree.len(), copies.branches.len());
    for branch in tree {
        let copy = &copies.branches[&branch.id];
        assert_eq!((branch.parent, branch.head), (copy.parent, copy.line.last().map(|last| last.id)));
        let read = chat.read(branch.id, Order::Desc, 5).await.unwrap();
        assert_eq!(
            read.iter().rev().map(lasting).collect::<Vec<_>>(),
            copy.line.iter().map(lasting).collect::<Vec<_>>()
        );
        for message in &read {
            check_version(message, &siblings);
            assert_eq!(message.inherited, message.branch != branch.id);
        }
    }
    let mut all: Vec<_> = siblings.values().flatten().map(|(_, id)| *id).collect();
    let mut entries: Vec<_> = walk(chat, request(chat)).await.0.iter().map(|entry| entry.id).collect();
    all.sort_unstable();
    entries.sort_unstable();
    assert_eq!(entries, all);
}

/// Whether messages are read in the chats that have them, and found without one, and only those.
pub async fn check_reading(forest: &Forest, all: &BTreeMap<ResponseId, Message>) {
    for copies in &forest.chats {
        let siblings = copies.siblings();
        for message in all.values() {
            let is_own =
                siblings.get(&message.parent).is_some_and(|ids| ids.iter().any(|(_, id)| *id == message.id));
            assert_eq!(copies.chat.read_here(message.id).await.is_some(), is_own);
        }
    }
    let chat = &forest.chats[0].chat;
    for message in all.values() {
        let read =
            chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message.id)).await.unwrap();
        assert_eq!(read.is_some(), forest.is_found(message));
    }
}
