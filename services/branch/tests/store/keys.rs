//! Idempotency keys.

use crate::kit::{Kit, key, refused};
use branch::domain::ExpectedHead;
use shared::idempotency::{IdempotencyKey, RequestHash};
use std::time::Duration;

fn with_another_request(key: &IdempotencyKey) -> IdempotencyKey {
    IdempotencyKey { hash: RequestHash(vec![9; 32]), ..key.clone() }
}

pub async fn a_key_creates_a_message_once(kit: &Kit) {
    let chat = kit.chat().await;
    let mut new = chat.message(chat.trunk(), "q");
    new.key = Some(key(1));
    new.expected_head = ExpectedHead::Exactly(None);
    let used = new.key.clone().unwrap();
    assert_eq!(kit.store.replay_message(&used).await.unwrap(), None);
    let made = kit.store.append(new.clone()).await.unwrap();
    assert!(!made.replayed);
    // The head has moved, and yet this is a repetition: through any store, and as it is now.
    let fork = chat.fork(made.object.id).await;
    for store in [&kit.store, &kit.replica().await] {
        let again = store.append(new.clone()).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.object.id, again.object.forks.oldest), (made.object.id, vec![fork]));
        assert_eq!(
            store.replay_message(&used).await.unwrap().map(|message| message.id),
            Some(made.object.id)
        );
    }
    refused!(kit.store.replay_message(&with_another_request(&used)).await, KeyReused);
    new.key = Some(with_another_request(&used));
    refused!(kit.store.append(new.clone()).await, KeyReused);
    new.expected_head = ExpectedHead::Any;
    refused!(kit.store.append(new.clone()).await, KeyReused);
    assert_eq!(chat.line(chat.trunk()).await.len(), 1);
    // The key of a request that failed is free.
    new.key = Some(key(2));
    new.expected_head = ExpectedHead::Exactly(None);
    refused!(kit.store.append(new.clone()).await, HeadMoved);
    new.expected_head = ExpectedHead::Any;
    assert!(!kit.store.append(new.clone()).await.unwrap().replayed);
}

pub async fn a_key_creates_a_branch_once(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut new = chat.branch(Some(first.id));
    (new.key, new.activate) = (Some(key(1)), true);
    let used = new.key.clone().unwrap();
    assert_eq!(kit.store.replay_branch(&used).await.unwrap(), None);
    let made = kit.store.fork(&new).await.unwrap();
    assert!(!made.replayed);
    let head = chat.say(made.object.branch.id, "2").await;
    chat.store.activate(chat.owner, chat.trunk(), chat.trunk()).await.unwrap();
    let again = kit.store.fork(&new).await.unwrap();
    assert!(again.replayed);
    // It is not activated once more.
    assert_eq!((again.object.active, again.object.branch.head), (chat.trunk(), Some(head.id)));
    assert_eq!(kit.store.replay_branch(&used).await.unwrap(), Some(again.object));
    refused!(kit.store.replay_branch(&with_another_request(&used)).await, KeyReused);
    new.key = Some(with_another_request(&used));
    refused!(kit.store.fork(&new).await, KeyReused);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}

pub async fn a_key_answers_for_a_day_after_the_deletion(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let mut branch = chat.branch(Some(first.id));
    branch.key = Some(key(1));
    let fork = kit.store.fork(&branch).await.unwrap().object.branch.id;
    let mut message = chat.message(fork, "2");
    message.key = Some(key(2));
    kit.store.append(message.clone()).await.unwrap();
    kit.store.delete_branch(chat.owner, fork, false).await.unwrap();
    let (of_branch, of_message) = (branch.key.clone().unwrap(), message.key.clone().unwrap());
    for hours in [0, 2, 21] {
        kit.clock.advance(Duration::from_secs(hours * 60 * 60));
        refused!(kit.store.replay_branch(&of_branch).await, BranchNotFound);
        refused!(kit.store.replay_message(&of_message).await, MessageNotFound);
        refused!(kit.store.replay_branch(&with_another_request(&of_branch)).await, KeyReused);
        refused!(kit.store.replay_message(&with_another_request(&of_message)).await, KeyReused);
        kit.sweep().await;
    }
    kit.clock.advance(Duration::from_secs(2 * 60 * 60));
    kit.sweep().await;
    assert_eq!(kit.store.replay_message(&of_message).await.unwrap(), None);
    assert!(!kit.store.fork(&branch).await.unwrap().replayed);
}
