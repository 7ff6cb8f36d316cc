//! All messages of a user, or of a chat.

use crate::kit::{Chat, Kit, refused};
use branch::domain::Order;
use branch::store::ListRequest;
use diesel::Connection as _;
use diesel::connection::SimpleConnection as _;
use shared::ids::{BranchId, ResponseId, UserId};
use shared_test_kit::TestDatabase;
use std::time::Duration;

async fn all(kit: &Kit, owner: UserId, limit: usize) -> Vec<ResponseId> {
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = kit.store.list_messages(&ListRequest::newest(owner, after, limit)).await.unwrap();
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
    let page = kit.store.list_messages(&ListRequest::newest(chat.owner, None, 2)).await.unwrap();
    assert_eq!(
        kit.store
            .list_messages(&ListRequest::newest(stranger.owner, page.next, 200))
            .await
            .unwrap()
            .items
            .len(),
        24 - 2
    );
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

/// The messages of a chat, page by page, by the id of one of its branches.
async fn of_chat(chat: &Chat, target: BranchId, order: Order, limit: usize) -> Vec<ResponseId> {
    let mut request = ListRequest { owner: chat.owner, target: Some(target), order, after: None, limit };
    let mut seen = Vec::new();
    loop {
        let page = chat.store.list_messages(&request).await.unwrap();
        assert!(page.items.len() <= limit);
        assert!(page.items.iter().all(|message| message.chat == chat.id));
        seen.extend(page.items.into_iter().map(|message| message.id));
        if page.next.is_none() {
            return seen;
        }
        request.after = page.next;
    }
}

pub async fn a_chats_messages_come_in_either_order(kit: &Kit) {
    let chat = kit.chat().await;
    let other = kit.chat_of(chat.owner).await;
    assert!(of_chat(&chat, chat.trunk(), Order::Desc, 5).await.is_empty());
    let (mut said, mut all) = (Vec::new(), Vec::new());
    let mut branches = vec![chat.trunk()];
    for number in 0..24 {
        if number % 3 == 0 {
            kit.clock.advance(Duration::from_micros(1));
        }
        let message = chat.say(branches[number % branches.len()], "x").await;
        if number % 4 == 0 {
            branches.push(chat.fork(message.id).await);
        }
        let elsewhere = other.say(other.trunk(), "y").await;
        all.extend([(message.created_at, message.id), (elsewhere.created_at, elsewhere.id)]);
        said.push((message.created_at, message.id));
    }
    // A branch that is deleted takes its messages with it.
    let gone = chat.fork(said[3].1).await;
    for _ in 0..5 {
        chat.say(gone, "gone").await;
    }
    chat.store.delete_branch(chat.owner, gone, false).await.unwrap();

    let sorted = |mut messages: Vec<_>| {
        messages.sort_unstable();
        messages.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    let (said, all_asc) = (sorted(said), sorted(all));
    let newest_first: Vec<_> = said.iter().rev().copied().collect();
    for limit in [1, 5, 24, 200] {
        for target in [chat.trunk(), branches[1]] {
            assert_eq!(of_chat(&chat, target, Order::Asc, limit).await, said);
            assert_eq!(of_chat(&chat, target, Order::Desc, limit).await, newest_first);
        }
    }
    let request = ListRequest { order: Order::Asc, ..ListRequest::newest(chat.owner, None, 200) };
    let listed = kit.store.list_messages(&request).await.unwrap().items;
    assert_eq!(listed.into_iter().map(|message| message.id).collect::<Vec<_>>(), all_asc);
}

pub async fn a_chats_list_stays_right_while_it_grows(kit: &Kit) {
    let chat = kit.chat().await;
    let mut before = Vec::new();
    for _ in 0..30 {
        kit.clock.advance(Duration::from_micros(1));
        before.push(chat.say(chat.trunk(), "x").await.id);
    }
    let writer = chat.through(&kit.replica().await);
    let clock = kit.clock.clone();
    let writing = tokio::spawn(async move {
        for _ in 0..30 {
            clock.advance(Duration::from_micros(1));
            let said = writer.say(writer.trunk(), "y").await;
            let fork = writer.fork(said.id).await;
            writer.say(fork, "z").await;
        }
    });
    for order in [Order::Asc, Order::Desc] {
        let seen = of_chat(&chat, chat.trunk(), order, 3).await;
        let mut once = seen.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), seen.len());
        let mut old: Vec<_> = seen.into_iter().filter(|id| before.contains(id)).collect();
        if order == Order::Desc {
            old.reverse();
        }
        assert_eq!(old, before, "{order:?}");
    }
    writing.await.unwrap();
    assert_eq!(of_chat(&chat, chat.trunk(), Order::Asc, 200).await.len(), 90);
}

pub async fn a_chats_list_is_whole_over_bursts_and_pauses(kit: &Kit) {
    let chat = kit.chat().await;
    let mut said = Vec::new();
    let mut branch = chat.trunk();
    for pause in [0, 3, 100_000, 1, 40, 9_000_000, 2, 300] {
        kit.clock.advance(Duration::from_secs(pause));
        for number in 0..9 {
            kit.clock.advance(Duration::from_micros(number * number * 1_000));
            said.push(chat.say(branch, "x").await.id);
        }
        branch = chat.fork(said[said.len() - 5]).await;
    }
    let newest_first: Vec<_> = said.iter().rev().copied().collect();
    for limit in [1, 4, 30, 72, 200] {
        assert_eq!(of_chat(&chat, chat.trunk(), Order::Asc, limit).await, said, "{limit}");
        assert_eq!(of_chat(&chat, chat.trunk(), Order::Desc, limit).await, newest_first, "{limit}");
    }
}

pub async fn a_chat_that_is_not_the_users_has_no_list(kit: &Kit) {
    let (chat, stranger) = (kit.chat().await, kit.chat().await);
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    let list = |owner, target| ListRequest { target: Some(target), ..ListRequest::newest(owner, None, 5) };
    for target in [chat.trunk(), fork] {
        refused!(kit.store.list_messages(&list(stranger.owner, target)).await, ChatNotFound);
    }
    refused!(kit.store.list_messages(&list(chat.owner, BranchId::generate())).await, TargetUnknown);
    kit.store.delete_chat(chat.owner, chat.id).await.unwrap();
    refused!(kit.store.list_messages(&list(chat.owner, chat.trunk())).await, ChatNotFound);
}

/// It does not know the column of the chat, and may run beside this one during an update.
pub async fn a_message_of_an_older_version_is_in_the_list_of_its_chat(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let columns = "depth, owner_id, created_at, text_bytes, metadata, question, response";
    let append = |schema: &str, id: &str| {
        format!(
            "INSERT INTO {schema}messages (response_id, branch_id, {columns}) \
             SELECT {id}, branch_id, 2, owner_id, created_at, text_bytes, metadata, question, response \
             FROM {schema}messages"
        )
    };
    if let TestDatabase::Sqlite(folder) = kit.database() {
        let file = folder.path().join("branch");
        let mut connection = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
        connection.batch_execute(&append("", "randomblob(16)")).unwrap();
    } else {
        let database = kit.database().connect_postgres().await.unwrap();
        database.batch_execute(&append("branch.", "gen_random_uuid()")).await.unwrap();
    }
    let listed = of_chat(&chat, chat.trunk(), Order::Asc, 5).await;
    assert_eq!(listed.len(), 2);
    assert!(listed.contains(&first.id));
}
