//! All messages of a user.

use crate::kit::Kit;
use shared::ids::{ResponseId, UserId};
use std::time::Duration;

async fn all(kit: &Kit, owner: UserId, limit: usize) -> Vec<ResponseId> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = kit.store.list_messages(owner, after, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        seen.extend(page.items.into_iter().map(|message| message.id));
        after = page.next;
        if after.is_none() {
            return seen;
        }
    }
}

pub async fn a_users_messages_come_newest_first(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let (other, theirs) = (kit.chat_of(chat.owner).await, kit.chat_of(stranger.owner).await);
    let mut said = Vec::new();
    for number in 0..24 {
        // Two messages of each user are of one moment, on two lines.
        let (chat, stranger) = if number % 2 == 0 { (&chat, &stranger) } else { (&other, &theirs) };
        if number % 2 == 0 {
            kit.clock.advance(Duration::from_micros(1));
        }
        let message = chat.say(chat.trunk(), "x").await;
        assert_eq!(message.created_at, kit.clock.now());
        said.push((message.created_at, message.id));
        stranger.say(stranger.trunk(), "y").await;
    }
    said.sort_unstable();
    let expected: Vec<_> = said.into_iter().rev().map(|(_, id)| id).collect();
    for limit in [1, 5, 24, 200] {
        assert_eq!(all(kit, chat.owner, limit).await, expected);
    }
    let page = kit.store.list_messages(chat.owner, None, 2).await.unwrap();
    assert_eq!(kit.store.list_messages(stranger.owner, page.next, 200).await.unwrap().items.len(), 24 - 2);
}

pub async fn hidden_messages_do_not_end_the_list(kit: &Kit) {
    let chat = kit.chat().await;
    let hidden = kit.chat_of(chat.owner).await;
    let mut kept = Vec::new();
    for number in 0..4 {
        let message = chat.say(chat.trunk(), "kept").await;
        kept.insert(0, message.id);
        let fork = chat.fork(message.id).await;
        for _ in 0..9 {
            kit.clock.advance(Duration::from_micros(1));
            chat.say(fork, "hidden").await;
            hidden.say(hidden.trunk(), "hidden").await;
        }
        kit.clock.advance(Duration::from_micros(1));
        if number % 2 == 0 {
            chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
        } else {
            chat.store.delete_branch(chat.owner, fork, true).await.unwrap();
        }
    }
    kit.store.delete_chat(chat.owner, hidden.id).await.unwrap();
    for limit in [1, 2, 5] {
        assert_eq!(all(kit, chat.owner, limit).await, kept);
    }
}
