//! Chats that are forked from many others, of which most are deleted, and messages at which many branches hang.

use crate::kit::{Chat, Kit};
use crate::races::at_once;
use branch::domain::Order;
use std::time::Duration;

/// More chats than the window of an ancestry has.
const CHATS: usize = 100;
/// Chains of chats that are deleted while two replicas sweep.
const SWEPT_CHAINS: usize = 4;
const SWEPT_CHATS: usize = 12;
/// More branches than are read at once.
const BRANCHES: usize = 1_050;
const MAX_LISTED_BRANCHES: usize = 100;

/// Sweeps until nothing is left to do, also later.
async fn sweep_for_days(kit: &Kit) {
    for _ in 0..4 {
        kit.sweep().await;
        kit.clock.advance(Duration::from_secs(13 * 60 * 60));
    }
    kit.sweep().await;
}

pub async fn the_last_of_a_chain_of_deleted_chats_is_read_whole(kit: &Kit) {
    let mut chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "0").await.id;
    let (mut last, mut others) = (first, Vec::<Chat>::new());
    for number in 1..CHATS {
        let fork = chat.fork_chat(last).await;
        others.push(std::mem::replace(&mut chat, fork));
        last = chat.say(chat.trunk(), &number.to_string()).await.id;
    }
    for other in &others {
        other.store.delete_chat(other.owner, other.id).await.unwrap();
    }
    sweep_for_days(kit).await;
    let expected: Vec<_> = (0..CHATS).map(|number| number.to_string()).collect();
    assert_eq!(chat.line(chat.trunk()).await, expected);
    for (order, limit) in [(Order::Asc, 7), (Order::Desc, 7), (Order::Desc, 64)] {
        assert_eq!(chat.read(chat.trunk(), order, limit).await.unwrap().len(), CHATS);
    }
    assert_eq!(chat.read_here(first).await.unwrap().chat, others[0].id);
    let beside = chat.fork(first).await;
    chat.say(beside, "beside").await;
    assert_eq!(chat.line(beside).await, ["0", "beside"]);
    chat.store.delete_chat(chat.owner, chat.id).await.unwrap();
    sweep_for_days(kit).await;
    assert_eq!((kit.count_messages().await, kit.count_branches().await), (0, 0));
}

/// A tombstone waits for what stands on it, whichever sweep takes that up.
pub async fn concurrent_sweeps_of_replicas_leave_nothing(kit: &Kit) {
    for _ in 0..SWEPT_CHAINS {
        let mut chats = vec![kit.chat().await];
        for number in 0..SWEPT_CHATS {
            let message = chats[number].say(chats[number].trunk(), "1").await.id;
            let fork = chats[number].fork_chat(message).await;
            chats.push(fork);
        }
        let chat = chats[0].clone();
        let deleted = at_once(kit, &chat, chats.len(), move |number, chat: Chat| {
            let doomed = chats[number].id;
            async move {
                chat.store.delete_chat(chat.owner, doomed).await.unwrap();
                chat.sweep().await;
            }
        });
        deleted.await;
    }
    sweep_for_days(kit).await;
    assert_eq!((kit.count_messages().await, kit.count_branches().await), (0, 0));
}

pub async fn each_chat_lists_its_own_of_many_branches_at_a_message(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await.id;
    let fork = chat.fork_chat(first).await;
    for reading in [&chat, &fork] {
        assert_eq!(reading.read_here(first).await.unwrap().forks.count, 0);
        let branches = reading.fork_many(first, BRANCHES).await;
        let forks = reading.read_here(first).await.unwrap().forks;
        assert_eq!(forks.count, i64::try_from(BRANCHES).unwrap());
        assert_eq!(forks.oldest, branches[..MAX_LISTED_BRANCHES]);
        let page = reading.store.read_page(&reading.page(reading.trunk())).await.unwrap().messages.items;
        assert_eq!(page[0].forks, forks);
    }
}
