//! Copies of messages on a new branch.

use crate::kit::{Chat, Kit, key, metadata, name, refused};
use branch::domain::{ForkPoint, Message, Response};
use branch::store::{BranchWithMessages, CherryPickRequest, MessageRequest};
use shared::ids::{BranchId, ResponseId};
use shared::validation::TextField as _;
use std::time::Duration;

async fn pick(chat: &Chat, request: &CherryPickRequest) -> BranchWithMessages {
    let made = chat.store.cherry_pick(request).await.unwrap();
    assert!(!made.replayed);
    made.object
}

fn texts(message: &Message) -> (&str, &str, &str) {
    (&message.question, &message.response, &message.metadata)
}

pub async fn copies_lie_on_a_new_branch_in_the_order_given(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    let mut first = chat.message(chat.trunk(), "1");
    first.metadata = metadata(r#"{"a": 1}"#);
    let first = chat.store.append(first).await.unwrap().object;
    let second = chat.say(chat.trunk(), "2").await;
    let elsewhere = other.say(other.trunk(), "x").await;
    kit.clock.advance(Duration::from_secs(5));
    let request = CherryPickRequest {
        name: Some(name("picked")),
        activate: true,
        ..chat.pick(&[elsewhere.id, first.id, first.id], chat.trunk())
    };
    let made = pick(&chat, &request).await;
    let branch = &made.branch.branch;
    assert_eq!(
        (branch.parent, branch.forked_from, branch.fork_depth),
        (Some(chat.trunk()), Some(second.id), 2)
    );
    assert_eq!((branch.name.as_deref(), made.branch.active), (Some("picked"), branch.id));
    assert_eq!((branch.head, branch.message_count()), (Some(made.messages[2].id), 3));
    let mut before = (Some(second.id), second.created_at);
    for ((copy, source), depth) in made.messages.iter().zip([&elsewhere, &first, &first]).zip(3..) {
        assert_eq!(texts(copy), texts(source));
        assert_eq!((copy.chat, copy.branch, copy.depth), (chat.id, branch.id, depth));
        assert_eq!((copy.copied_from, copy.parent), (Some(source.id), before.0));
        assert!(copy.created_at > before.1 && copy.created_at >= kit.clock.now());
        before = (Some(copy.id), copy.created_at);
    }
    assert_eq!(chat.line(branch.id).await, ["1", "2", "x", "1", "1"]);
    let read =
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, made.messages[0].id)).await.unwrap();
    assert_eq!(read.as_ref(), Some(&made.messages[0]));
    // Of a copy: the copy's.
    let again = pick(&chat, &chat.pick(&[made.messages[0].id], branch.id)).await;
    assert_eq!(again.messages[0].copied_from, Some(made.messages[0].id));
    assert_eq!(chat.say(branch.id, "3").await.copied_from, None);
    assert_eq!(
        chat.store
            .read_message(MessageRequest::in_own_chat(chat.owner, first.id))
            .await
            .unwrap()
            .unwrap()
            .copied_from,
        None
    );
}

pub async fn a_cherry_pick_forks_where_it_is_told(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let fork = chat.fork(first.id).await;
    let third = chat.say(fork, "3").await;
    let at = |from: Option<ResponseId>| CherryPickRequest {
        from: ForkPoint::At(from),
        ..chat.pick(&[second.id], fork)
    };
    for (from, line) in
        [(Some(third.id), vec!["1", "3", "2"]), (Some(first.id), vec!["1", "2"]), (None, vec!["2"])]
    {
        let made = pick(&chat, &at(from)).await;
        assert_eq!(chat.line(made.branch.branch.id).await, line);
    }
    refused!(chat.store.cherry_pick(&at(Some(second.id))).await, MessageNotFound);
    refused!(chat.store.cherry_pick(&at(Some(ResponseId::generate()))).await, MessageNotFound);
    let of_trunk =
        CherryPickRequest { from: ForkPoint::At(Some(third.id)), ..chat.pick(&[second.id], chat.trunk()) };
    refused!(chat.store.cherry_pick(&of_trunk).await, MessageNotFound);
    let empty = kit.chat_of(chat.owner).await;
    let made = pick(&chat, &chat.pick(&[second.id], empty.trunk())).await;
    assert_eq!((made.branch.branch.fork_depth, made.messages[0].depth), (0, 1));
    assert_eq!(empty.line(made.branch.branch.id).await, ["2"]);
}

pub async fn one_message_that_is_not_there_refuses_a_cherry_pick(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    let foreign = stranger.say(stranger.trunk(), "x").await;
    let fork = chat.fork(first.id).await;
    let deleted = chat.say(fork, "2").await;
    chat.store.delete_branch(chat.owner, fork, false).await.unwrap();
    for gone in [foreign.id, deleted.id, ResponseId::generate()] {
        let request = chat.pick(&[first.id, gone], chat.trunk());
        refused!(chat.store.cherry_pick(&request).await, MessageNotFound);
    }
    refused!(chat.store.cherry_pick(&chat.pick(&[first.id], fork)).await, ChatNotFound);
    refused!(chat.store.cherry_pick(&chat.pick(&[first.id], stranger.trunk())).await, ChatNotFound);
    refused!(chat.store.cherry_pick(&chat.pick(&[first.id], BranchId::generate())).await, TargetUnknown);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
}

pub async fn at_most_eight_mib_are_copied(kit: &Kit) {
    let chat = kit.chat().await;
    let mut large = chat.message(chat.trunk(), "");
    large.response = Response::parse("x".repeat(1 << 20)).unwrap();
    let large = chat.store.append(large).await.unwrap().object;
    let small = chat.say(chat.trunk(), "1").await;
    let whole = pick(&chat, &chat.pick(&[large.id; 8], chat.trunk())).await;
    assert_eq!(whole.messages.len(), 8);
    let mut beyond = vec![large.id; 8];
    beyond.push(small.id);
    refused!(chat.store.cherry_pick(&chat.pick(&beyond, chat.trunk())).await, TextsTooLarge);
    let many = pick(&chat, &chat.pick(&[small.id; 100], chat.trunk())).await;
    assert_eq!(many.branch.branch.message_count(), 100);
}

pub async fn a_key_creates_copies_once(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let second = chat.say(chat.trunk(), "2").await;
    let used = key(1);
    let request =
        CherryPickRequest { key: Some(used.clone()), ..chat.pick(&[first.id, second.id], chat.trunk()) };
    let made = pick(&chat, &request).await;
    // The head has moved, and so has that of the new branch.
    chat.say(chat.trunk(), "3").await;
    let head = chat.say(made.branch.branch.id, "3").await;
    for store in [&kit.store, &kit.replica().await] {
        let again = store.cherry_pick(&request).await.unwrap();
        assert!(again.replayed);
        assert_eq!(again.object.branch.branch.head, Some(head.id));
        let ids = |made: &BranchWithMessages| made.messages.iter().map(|copy| copy.id).collect::<Vec<_>>();
        assert_eq!(ids(&again.object), ids(&made));
        let again = store.replay_cherry_pick(chat.owner, &used, 2).await.unwrap().unwrap();
        assert_eq!(ids(&again), ids(&made));
    }
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}
