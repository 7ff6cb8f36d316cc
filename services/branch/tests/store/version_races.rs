//! Many edits and cherry-picks at once, from two stores.

use crate::kit::{Chat, Kit, key};
use crate::races::at_once;
use branch::domain::{ExpectedHead, OnHeadMoved};
use branch::error::Error;
use branch::store::{CherryPickRequest, EditRequest, ListRequest, MessageRequest};
use std::collections::HashSet;
use std::time::Duration;

pub async fn fifty_concurrent_edits_of_a_message_are_fifty_versions(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for message in [first.id, chat.say(chat.trunk(), "2").await.id] {
        let edits = at_once(kit, &chat, 50, move |_, chat: Chat| async move {
            chat.store.edit_message(chat.regenerate(message)).await.unwrap().object
        });
        let edits = edits.await;
        let branches: HashSet<_> = edits.iter().map(|edit| edit.branch).collect();
        assert_eq!(branches.len(), 50);
        for edit in edits {
            assert_eq!(chat.node(edit.branch).await.unwrap().branch.head, Some(edit.id));
        }
    }
    assert_eq!(chat.tree(chat.trunk()).await.len(), 101);
}

pub async fn one_of_many_concurrent_edits_with_one_key_creates(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    for activate in [false, true] {
        let used = key(1);
        let made = at_once(kit, &chat, 32, move |_, chat: Chat| {
            let key = Some(used.clone());
            async move {
                let request = EditRequest { key, activate, ..chat.regenerate(second.id) };
                let made = chat.store.edit_message(request).await.unwrap();
                (made.replayed, made.object.id)
            }
        });
        let made = made.await;
        assert_eq!(made.iter().filter(|made| !made.0).count(), 1);
        assert!(made.iter().all(|one| one.1 == made[0].1));
    }
    let read =
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, first.id)).await.unwrap().unwrap();
    assert_eq!(read.forks.count, 2);
    assert!(read.forks.oldest.contains(&chat.active().await));
}

pub async fn an_edit_concurrent_with_a_deletion_is_whole_or_refused(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..8 {
        let fork = chat.fork(first.id).await;
        chat.say(fork, "2").await;
        let third = chat.say(fork, "3").await;
        let answers = at_once(kit, &chat, 8, move |number, chat: Chat| async move {
            if number == round {
                chat.store.delete_branch(chat.owner, fork, true).await.unwrap();
                return None;
            }
            let request = EditRequest { activate: number % 2 == 0, ..chat.regenerate(third.id) };
            match chat.store.edit_message(request).await {
                Ok(made) => Some(made.object),
                Err(Error::MessageNotFound) => None,
                Err(other) => panic!("{other:?}"),
            }
        });
        // The deletion takes those along that were made before it.
        for edit in answers.await.into_iter().flatten() {
            assert_eq!(chat.node(edit.branch).await, None);
            assert_eq!(
                chat.store.read_message(MessageRequest::in_own_chat(chat.owner, edit.id)).await.unwrap(),
                None
            );
        }
        assert_eq!(chat.active().await, chat.trunk());
        assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
    }
    kit.clock.advance(Duration::from_secs(60));
    kit.sweep().await;
    assert_eq!(
        kit.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items.len(),
        1
    );
}

pub async fn one_of_many_concurrent_cherry_picks_with_one_key_creates(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let used = key(1);
    let made = at_once(kit, &chat, 32, move |_, chat: Chat| {
        let key = Some(used.clone());
        async move {
            let request = CherryPickRequest { key, ..chat.pick(&[first.id; 5], chat.trunk()) };
            let made = chat.store.cherry_pick(&request).await.unwrap();
            (made.replayed, made.object.messages.iter().map(|copy| copy.id).collect::<Vec<_>>())
        }
    });
    let made = made.await;
    assert_eq!(made.iter().filter(|made| !made.0).count(), 1);
    assert!(made.iter().all(|one| one.1 == made[0].1 && one.1.len() == 5));
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}

pub async fn a_cherry_pick_concurrent_with_a_deletion_of_a_source_is_whole_or_refused(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..8 {
        let fork = chat.fork(first.id).await;
        let second = chat.say(fork, "2").await;
        let answers = at_once(kit, &chat, 8, move |number, chat: Chat| async move {
            if number == round {
                chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
                return None;
            }
            match chat.store.cherry_pick(&chat.pick(&[first.id, second.id], chat.trunk())).await {
                Ok(made) => Some(made.object.branch.branch.id),
                Err(Error::MessageNotFound) => None,
                Err(other) => panic!("{other:?}"),
            }
        });
        let made: Vec<_> = answers.await.into_iter().flatten().collect();
        assert_eq!(chat.tree(chat.trunk()).await.len(), 1 + made.len());
        for branch in made {
            assert_eq!(chat.line(branch).await, ["1", "1", "2"]);
            chat.store.delete_branch(chat.owner, branch, false).await.unwrap();
        }
    }
}

pub async fn appends_that_fork_a_moved_head_all_find_a_place(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let said = at_once(kit, &chat, 32, move |number, chat: Chat| async move {
        let mut message = chat.message(chat.trunk(), &format!("{number}"));
        message.expected_head = ExpectedHead::Exactly(Some(first.id));
        message.on_head_moved = OnHeadMoved::Fork;
        chat.store.append(message).await.unwrap().object
    });
    let said = said.await;
    assert!(said.iter().all(|message| message.parent == Some(first.id)));
    let branches: HashSet<_> = said.iter().map(|message| message.branch).collect();
    assert!(branches.len() == 32 && branches.contains(&chat.trunk()));
}
