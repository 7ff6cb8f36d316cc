//! Appending to lines, and reading them.

use crate::kit::{Kit, at, refused, rename};
use branch::domain::{ExpectedHead, Message, Order, Version};
use branch::error::Error;
use branch::store::{LineRequest, MessageRequest};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

pub async fn a_message_lies_after_the_head(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    assert_eq!((first.depth, first.parent, first.branch), (1, None, chat.trunk()));
    assert_eq!((first.chat, first.created_at), (chat.id, kit.clock.now()));
    let second = chat.say(chat.trunk(), "2").await;
    assert_eq!((second.depth, second.parent), (2, Some(first.id)));
    let fork = chat.fork(first.id).await;
    let third = chat.say(fork, "2f").await;
    assert_eq!((third.depth, third.parent, third.branch), (2, Some(first.id), fork));
    let second = Message { version: Version { number: 1, count: 2 }, ..second };
    assert_eq!(
        chat.store.read_message(MessageRequest::in_own_chat(chat.owner, second.id)).await.unwrap(),
        Some(second)
    );
    assert_eq!(chat.line(fork).await, ["1", "2f"]);
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2"]);
}

pub async fn an_unexpected_head_is_a_409(kit: &Kit) {
    let chat = kit.chat().await;
    let replica = kit.replica().await;
    let expecting = |branch: BranchId, head: Option<ResponseId>| {
        let mut message = chat.message(branch, "q");
        message.expected_head = ExpectedHead::Exactly(head);
        message
    };
    let first = chat.store.append(expecting(chat.trunk(), None)).await.unwrap().object;
    refused!(chat.store.append(expecting(chat.trunk(), None)).await, HeadMoved);
    // The other store has raised the head, of which this one may remember an older one.
    let second = replica.append(expecting(chat.trunk(), Some(first.id))).await.unwrap().object;
    let third = chat.store.append(expecting(chat.trunk(), Some(second.id))).await.unwrap().object;
    match replica.append(expecting(chat.trunk(), Some(second.id))).await {
        Err(Error::HeadMoved { head, .. }) => assert_eq!(head, Some(third.id)),
        other => panic!("{other:?}"),
    }
    let fork = chat.fork(first.id).await;
    refused!(chat.store.append(expecting(fork, None)).await, HeadMoved);
    chat.store.append(expecting(fork, Some(first.id))).await.unwrap();
    assert_eq!(chat.line(chat.trunk()).await.len(), 3);
}

pub async fn a_line_is_read_from_either_end(kit: &Kit) {
    let chat = kit.chat().await;
    assert!(chat.line(chat.trunk()).await.is_empty());
    let mut branch = chat.trunk();
    for level in 0..4 {
        let mut last = None;
        for number in 0..5 {
            last = Some(chat.say(branch, &format!("{level}.{number}")).await.id);
        }
        branch = chat.fork(last.unwrap()).await;
    }
    let line = chat.line(branch).await;
    assert_eq!((line.len(), line[7].as_str()), (20, "1.2"));
    for limit in [1, 3, 7, 20, 200] {
        for order in [Order::Asc, Order::Desc] {
            let mut read = chat.read(branch, order, limit).await.unwrap();
            if order == Order::Desc {
                read.reverse();
            }
            let questions: Vec<_> = read.into_iter().map(|message| message.question).collect();
            assert_eq!(questions, line, "{order:?} {limit}");
        }
    }
}

pub async fn cursors_stay_right_under_concurrent_writes(kit: &Kit) {
    let chat = kit.chat().await;
    for number in 0..30 {
        chat.say(chat.trunk(), &number.to_string()).await;
    }
    let (writer, replica) = (chat.through(&kit.replica().await), kit.replica().await);
    let writing = tokio::spawn(async move {
        for number in 30..60 {
            let said = writer.say(writer.trunk(), &number.to_string()).await;
            writer.fork(said.id).await;
        }
    });
    let reader = chat.through(&replica);
    let oldest_first = reader.read(chat.trunk(), Order::Asc, 4).await.unwrap();
    let newest_first = reader.read(chat.trunk(), Order::Desc, 4).await.unwrap();
    writing.await.unwrap();
    for (message, depth) in oldest_first.iter().zip(1..) {
        assert_eq!((message.depth, &message.question), (depth, &(depth - 1).to_string()));
    }
    for (message, depth) in newest_first.iter().rev().zip(1..) {
        assert_eq!(message.depth, depth);
    }
    assert!(oldest_first.len() >= 30 && newest_first.len() >= 30);
    assert_eq!(chat.line(chat.trunk()).await.len(), 60);
}

pub async fn a_chain_longer_than_the_window_is_read_whole(kit: &Kit) {
    let chat = kit.chat().await;
    let mut branch = chat.trunk();
    for number in 0..140 {
        let said = chat.say(branch, &number.to_string()).await;
        branch = chat.fork(said.id).await;
    }
    let expected: Vec<_> = (0..140).map(|number| number.to_string()).collect();
    assert_eq!(chat.line(branch).await, expected);
    let mut newest = chat.read(branch, Order::Desc, 9).await.unwrap();
    newest.reverse();
    assert_eq!(newest.into_iter().map(|message| message.question).collect::<Vec<_>>(), expected);
}

pub async fn a_cursor_of_another_line_is_refused(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    chat.say(chat.trunk(), "2").await;
    let fork = chat.fork(first.id).await;
    chat.say(fork, "2f").await;
    let theirs = stranger.say(stranger.trunk(), "x").await;
    for start in
        [at(chat.trunk(), 2), at(fork, 3), at(fork, 0), at(stranger.trunk(), 1), at(BranchId::generate(), 1)]
    {
        refused!(chat.store.read_page(&chat.page_from(fork, start)).await, BadCursor);
    }
    let request = chat.page_from(fork, at(chat.trunk(), 1));
    assert_eq!(chat.store.read_page(&request).await.unwrap().messages.items.len(), 2);
    assert_eq!(theirs.depth, 1);
}

pub async fn ids_of_other_users_are_not_found(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    let store = &kit.store;
    // Written through a store that knows the line.
    let foreign = |chat_id: ChatId, owner: UserId| {
        let mut message = chat.message(fork, "x");
        (message.target, message.owner) = (chat_id.trunk(), owner);
        message
    };
    chat.say(fork, "2").await;
    refused!(store.append(foreign(chat.id, stranger.owner)).await, ChatNotFound);
    refused!(store.append(foreign(stranger.id, chat.owner)).await, ChatNotFound);
    refused!(store.append(foreign(stranger.id, stranger.owner)).await, BranchNotFound);
    assert_eq!(
        store.read_message(MessageRequest::in_own_chat(stranger.owner, first.id)).await.unwrap(),
        None
    );
    let request = LineRequest { owner: stranger.owner, ..chat.page(fork) };
    refused!(store.read_page(&request).await, ChatNotFound);
    let request = LineRequest { target: stranger.trunk(), ..chat.page(fork) };
    refused!(store.read_page(&request).await, ChatNotFound);
    refused!(store.read_page(&stranger.page(fork)).await, BranchNotFound);
    let hidden = store.look_up(stranger.owner, fork).await.unwrap();
    assert_eq!(hidden, branch::store::Lookup::Hidden);
    refused!(store.update_branch(stranger.owner, fork, &rename(None)).await, BranchNotFound);
    refused!(store.delete_branch(stranger.owner, fork, true).await, BranchNotFound);
    refused!(store.activate(stranger.owner, chat.trunk(), fork).await, ChatNotFound);
    let mut theft = stranger.branch(Some(first.id));
    refused!(store.fork(&theft).await, MessageNotFound);
    theft.target = chat.trunk();
    refused!(store.fork(&theft).await, ChatNotFound);
    store.delete_chat(stranger.owner, chat.id).await.unwrap();
    assert_eq!(chat.line(fork).await, ["1", "2"]);
}
