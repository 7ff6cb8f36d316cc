//! Many at once, from two stores.

use crate::kit::{Chat, Kit, NO_WINDOW, key, refused};
use branch::domain::{ExpectedHead, Order, Response};
use branch::error::Error;
use branch::store::{ContentStore, ListRequest, MessageRequest};
use shared::idempotency::{IdempotencyKey, RequestHash};
use shared::ids::{BranchId, UserId};
use shared::undo_window::UndoWindow;
use shared::validation::TextField as _;

/// Runs work many times at once, through one store and the other by turns.
pub async fn at_once<T, W>(kit: &Kit, chat: &Chat, count: usize, work: impl Fn(usize, Chat) -> W) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    at_once_within(kit, &chat.through(&kit.store), NO_WINDOW, count, work).await
}

/// Runs work many times at once, through the store of the chat and another one with this window by turns.
pub async fn at_once_within<T, W>(
    kit: &Kit,
    chat: &Chat,
    undo_window: UndoWindow,
    count: usize,
    work: impl Fn(usize, Chat) -> W,
) -> Vec<T>
where
    T: Send + 'static,
    W: Future<Output = T> + Send + 'static,
{
    let stores = [chat.store.clone(), kit.store_with(undo_window).await];
    let work = |number: usize| tokio::spawn(work(number, chat.through(&stores[number % 2])));
    let running: Vec<_> = (0..count).map(work).collect();
    let mut done = Vec::new();
    for one in running {
        done.push(one.await.unwrap());
    }
    done
}

pub async fn appends_from_two_stores_leave_no_gap(kit: &Kit) {
    let chat = kit.chat().await;
    let said = at_once(kit, &chat, 32, async |number, chat: Chat| {
        chat.say(chat.trunk(), &number.to_string()).await.depth
    });
    let mut depths = said.await;
    depths.sort_unstable();
    assert_eq!(depths, (1..=32).collect::<Vec<_>>());
    let mut line = chat.line(chat.trunk()).await;
    line.sort_by_key(|number| number.parse::<u8>().unwrap());
    assert_eq!(line, (0..32).map(|number| number.to_string()).collect::<Vec<_>>());
}

pub async fn one_of_many_concurrent_equal_keys_creates(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let (of_message, of_branch) = (key(1), key(2));
    let made = at_once(kit, &chat, 32, move |_, chat: Chat| {
        let (of_message, of_branch) = (of_message.clone(), of_branch.clone());
        async move {
            let mut message = chat.message(chat.trunk(), "2");
            message.key = Some(of_message);
            message.expected_head = ExpectedHead::Exactly(Some(first.id));
            let mut branch = chat.branch(Some(first.id));
            branch.key = Some(of_branch);
            let message = chat.store.append(message.clone()).await.unwrap();
            let branch = chat.store.fork(&branch).await.unwrap();
            (message.replayed, message.object.id, branch.replayed, branch.object.branch.id)
        }
    });
    let made = made.await;
    assert_eq!(made.iter().filter(|made| !made.0).count(), 1);
    assert_eq!(made.iter().filter(|made| !made.2).count(), 1);
    assert!(made.iter().all(|one| (one.1, one.3) == (made[0].1, made[0].3)));
    assert_eq!(chat.line(chat.trunk()).await, ["1", "2"]);
    assert_eq!(chat.tree(chat.trunk()).await.len(), 2);
}

pub async fn one_of_many_appends_that_expect_the_same_head_succeeds(kit: &Kit) {
    let chat = kit.chat().await;
    let answers = at_once(kit, &chat, 16, async |_, chat: Chat| {
        let mut message = chat.message(chat.trunk(), "q");
        message.expected_head = ExpectedHead::Exactly(None);
        chat.store.append(message.clone()).await
    });
    let (made, refused): (Vec<_>, Vec<_>) = answers.await.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (1, 15));
    let head = made[0].as_ref().unwrap().object.id;
    for answer in refused {
        assert!(matches!(answer, Err(Error::HeadMoved { head: Some(at), .. }) if at == head), "{answer:?}");
    }
}

pub async fn a_fork_concurrent_with_a_deletion_leaves_no_orphan(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..12 {
        let fork = chat.fork(first.id).await;
        let second = chat.say(fork, "2").await;
        let cascade = round % 2 == 0;
        let answers = at_once(kit, &chat, 8, move |number, chat: Chat| async move {
            if number == round % 8 {
                return (None, Some(chat.store.delete_branch(chat.owner, fork, cascade).await));
            }
            (Some(chat.store.fork(&chat.branch(Some(second.id))).await), None)
        });
        let mut forks = Vec::new();
        let mut deleted = None;
        for (forked, deletion) in answers.await {
            match forked {
                Some(Ok(created)) => forks.push(created.object.branch.id),
                Some(Err(Error::MessageNotFound | Error::BranchNotFound)) | None => {}
                Some(Err(other)) => panic!("{other:?}"),
            }
            deleted = deletion.or(deleted);
        }
        check_forks(&chat, fork, &forks, deleted.unwrap(), cascade).await;
        assert_eq!(chat.tree(chat.trunk()).await.len(), 1);
    }
}

/// The forks of a deleted branch are gone; those of one that was not deleted are there, and are deleted with it.
async fn check_forks(
    chat: &Chat,
    branch: BranchId,
    forks: &[BranchId],
    deleted: Result<(), Error>,
    cascade: bool,
) {
    match deleted {
        Ok(()) => {
            assert_eq!(chat.node(branch).await, None);
            for fork in forks {
                assert!(cascade);
                assert_eq!(chat.node(*fork).await, None);
            }
        }
        Err(Error::HasDescendants) => {
            assert!(!cascade && !forks.is_empty());
            for fork in forks {
                assert_eq!(chat.line(*fork).await, ["1", "2"]);
            }
            chat.store.delete_branch(chat.owner, branch, true).await.unwrap();
        }
        Err(other) => panic!("{other:?}"),
    }
}

pub async fn an_append_concurrent_with_a_deletion_leaves_no_message(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    for round in 0..8 {
        let fork = chat.fork(first.id).await;
        let answers = at_once(kit, &chat, 8, move |number, chat: Chat| async move {
            if number == round % 8 {
                return chat.store.delete_branch(chat.owner, fork, false).await.map(|()| None);
            }
            chat.store.append(chat.message(fork, "x")).await.map(|created| Some(created.object.id))
        });
        let mut appended = Vec::new();
        for answer in answers.await {
            match answer {
                Ok(message) => appended.extend(message),
                Err(Error::BranchNotFound) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        for message in appended {
            assert_eq!(
                chat.store.read_message(MessageRequest::in_own_chat(chat.owner, message)).await.unwrap(),
                None
            );
        }
        refused!(chat.store.append(chat.message(fork, "x")).await, BranchNotFound);
        assert_eq!(chat.node(fork).await, None);
    }
    kit.sweep().await;
    assert!(
        kit.store.list_messages(&ListRequest::newest(chat.owner, None, 200)).await.unwrap().items.len() == 1
    );
}

pub async fn four_stores_can_open_concurrently(kit: &Kit) {
    let opened = futures_util::future::join_all((0..4).map(|_| kit.replica())).await;
    let chat = kit.chat().await;
    for store in &opened {
        let store: &ContentStore = store;
        store.check().await.unwrap();
        chat.through(store).say(chat.trunk(), "x").await;
    }
    assert_eq!(chat.line(chat.trunk()).await.len(), 4);
}

pub async fn concurrent_appends_of_all_kinds_leave_no_gap(kit: &Kit) {
    let chat = kit.chat().await;
    let (large, one_key) = ("x".repeat(1 << 20), key(1));
    let answers = at_once(kit, &chat, 64, move |number, chat: Chat| {
        let (large, one_key) = (large.clone(), one_key.clone());
        async move {
            let mut message = chat.message(chat.trunk(), &format!("{number}"));
            match number / 8 {
                // Repetitions, which may be stored together with the first.
                1 => message.key = Some(one_key),
                // Of those only one can be right, at most.
                2 => message.expected_head = ExpectedHead::Exactly(None),
                3 => message.owner = UserId::generate(),
                // More than is inserted together.
                4 => message.response = Response::parse(large).unwrap(),
                _ => {}
            }
            (number / 8, chat.store.append(message.clone()).await)
        }
    });
    let (mut stored, mut keyed, mut first) = (Vec::new(), Vec::new(), 0);
    for (sort, answer) in answers.await {
        match (sort, answer) {
            (1, Ok(created)) => keyed.push(created),
            (2, Ok(created)) => {
                first += 1;
                stored.push(created.object);
            }
            (2, Err(Error::HeadMoved { .. })) | (3, Err(Error::ChatNotFound)) => {}
            (0 | 4..=7, Ok(created)) => stored.push(created.object),
            (_, other) => panic!("{sort}: {other:?}"),
        }
    }
    assert!(first <= 1);
    assert_eq!((keyed.len(), keyed.iter().filter(|one| !one.replayed).count()), (8, 1));
    assert!(keyed.iter().all(|one| one.object == keyed[0].object));
    stored.push(keyed.swap_remove(0).object);
    stored.sort_by_key(|message| message.depth);
    let line = chat.read(chat.trunk(), Order::Asc, 200).await.unwrap();
    assert_eq!(line, stored);
}

pub async fn a_refused_append_leaves_other_lines_alone(kit: &Kit) {
    let replica = kit.replica().await;
    let mut chats = Vec::new();
    for _ in 0..24 {
        let chat = kit.chat().await;
        let fork = chat.fork(chat.say(chat.trunk(), "1").await.id).await;
        chat.say(fork, "2").await;
        chats.push((chat, fork));
    }
    let through_replica = |number: usize| chats[number].0.through(&replica);
    // The depth is taken by another replica, the key is used by another request, branch and chat are deleted.
    through_replica(0).say(chats[0].1, "from another replica").await;
    let used = key(1);
    let mut keyed = chats[5].0.message(chats[5].1, "keyed");
    keyed.key = Some(used.clone());
    replica.append(keyed.clone()).await.unwrap();
    replica.delete_branch(chats[2].0.owner, chats[2].1, true).await.unwrap();
    replica.delete_chat(chats[3].0.owner, chats[3].0.id).await.unwrap();
    let append = async |(number, (chat, fork)): (usize, &(Chat, BranchId))| {
        let mut message = chat.message(*fork, "3");
        message.key =
            (number == 1).then(|| IdempotencyKey { hash: RequestHash(vec![2; 32]), ..used.clone() });
        chat.store.append(message.clone()).await.map(|created| created.object.depth)
    };
    let appended = futures_util::future::join_all(chats.iter().enumerate().map(append)).await;
    for (number, (depth, (chat, fork))) in appended.into_iter().zip(&chats).enumerate() {
        match number {
            0 | 5 => assert_eq!(depth.unwrap(), 4),
            1 => refused!(depth, KeyReused),
            2 => refused!(depth, BranchNotFound),
            3 => assert!(matches!(depth, Err(Error::BranchNotFound | Error::ChatNotFound)), "{depth:?}"),
            _ => assert_eq!(depth.unwrap(), 3),
        }
        match number {
            0 => assert_eq!(chat.line(*fork).await, ["1", "2", "from another replica", "3"]),
            1 => assert_eq!(chat.line(*fork).await, ["1", "2"]),
            2 | 3 => assert_eq!(chat.node(*fork).await, None),
            5 => assert_eq!(chat.line(*fork).await, ["1", "2", "keyed", "3"]),
            _ => assert_eq!(chat.line(*fork).await, ["1", "2", "3"]),
        }
    }
}
