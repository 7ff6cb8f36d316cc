//! A line that many write, or that somebody has locked: other users do not wait for it.

use crate::kit::{Chat, Kit, rename};
use branch::domain::Order as LineOrder;
use branch::error::Error;
use branch::store::{ForkRequest, ListRequest};
use futures_util::future::join_all;
use shared::ids::BranchId;
use shared_store::StoreError;
use shared_test_kit::RowLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const WRITERS: usize = 64;

/// Writers on one line, and how many of them have been answered.
struct ConcurrentWriters {
    writers: Vec<JoinHandle<Result<i64, Error>>>,
    answered: Arc<AtomicUsize>,
}

impl ConcurrentWriters {
    async fn on(chat: &Chat, branch: BranchId) -> Self {
        let answered = Arc::<AtomicUsize>::default();
        let (all, came) = (Arc::clone(&answered), Arc::<AtomicUsize>::default());
        let write = |number: usize| {
            let (chat, all, came) = (chat.clone(), Arc::clone(&all), Arc::clone(&came));
            tokio::spawn(async move {
                came.fetch_add(1, Ordering::SeqCst);
                let answer = chat.store.append(chat.message(branch, &number.to_string())).await;
                all.fetch_add(1, Ordering::SeqCst);
                answer.map(|created| created.object.depth)
            })
        };
        let writers = (0..WRITERS).map(write).collect();
        while came.load(Ordering::SeqCst) < WRITERS {
            tokio::task::yield_now().await;
        }
        Self { writers, answered }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// How many messages were stored, which lie on the line without gaps.
    async fn check(self, chat: &Chat, branch: BranchId) -> usize {
        let mut stored = Vec::new();
        for answer in join_all(self.writers).await {
            match answer.unwrap() {
                Ok(depth) => stored.push(depth),
                // A lock is waited for only so long.
                Err(Error::Store(StoreError::Locked(_))) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        stored.sort_unstable();
        let line = chat.read(branch, LineOrder::Asc, 200).await.unwrap();
        assert_eq!(stored, line.iter().map(|message| message.depth).collect::<Vec<_>>());
        assert_eq!(chat.line(branch).await.len(), stored.len());
        stored.len()
    }
}

/// Another user appends, reads and forks.
async fn use_another_chat(kit: &Kit) {
    let other = kit.chat().await;
    let first = other.say(other.trunk(), "1").await;
    let fork = other.fork(first.id).await;
    other.store.activate(other.owner, other.trunk(), fork).await.unwrap();
    assert_eq!(other.line(other.trunk()).await, ["1"]);
    assert_eq!(
        kit.store.list_messages(&ListRequest::newest(other.owner, None, 50)).await.unwrap().items.len(),
        1
    );
}

/// One connection waits for the lock, and not all of a pool have given up by now. One after the other may, on a slow
/// machine.
async fn check_one_waits(lock: &RowLock, answered: usize) {
    assert!(answered < 16, "{answered} were answered before another user was");
    let waiting = lock.waiting().await;
    assert!(waiting <= 1, "{waiting} connections wait");
}

pub async fn a_locked_line_holds_one_connection(kit: &Kit) {
    let chat = kit.chat().await;
    let lock = kit.lock_branches().await;
    let writers = ConcurrentWriters::on(&chat, chat.trunk()).await;
    lock.wait_for_waiter().await;
    use_another_chat(kit).await;
    check_one_waits(&lock, writers.answered()).await;
    drop(lock);
    writers.check(&chat, chat.trunk()).await;
}

pub async fn operations_on_locked_rows_hold_one_connection(kit: &Kit) {
    let chat = kit.chat().await;
    let first = chat.say(chat.trunk(), "1").await;
    let fork = chat.fork(first.id).await;
    let lock = kit.lock_branches().await;
    let answered = Arc::<AtomicUsize>::default();
    let work = |number: usize| {
        let (chat, answered) = (chat.clone(), Arc::clone(&answered));
        tokio::spawn(async move {
            let new = ForkRequest { activate: number.is_multiple_of(2), ..chat.branch(Some(first.id)) };
            let _ = match number % 4 {
                0 | 1 => chat.store.fork(&new).await.map(drop),
                2 => chat.store.activate(chat.owner, chat.trunk(), fork).await.map(drop),
                _ if number == 31 => chat.store.delete_branch(chat.owner, fork, true).await,
                _ => chat.store.update_branch(chat.owner, chat.trunk(), &rename(None)).await.map(drop),
            };
            answered.fetch_add(1, Ordering::SeqCst);
        })
    };
    let working: Vec<_> = (0..WRITERS).map(work).collect();
    lock.wait_for_waiter().await;
    use_another_chat(kit).await;
    check_one_waits(&lock, answered.load(Ordering::SeqCst)).await;
    drop(lock);
    for one in working {
        one.await.unwrap();
    }
}

pub async fn a_wait_for_a_lock_is_bounded(kit: &Kit) {
    let chat = kit.chat().await;
    let lock = kit.lock_branches().await;
    let answer = chat.store.append(chat.message(chat.trunk(), "x")).await;
    assert!(matches!(answer, Err(Error::Store(StoreError::Locked(_)))), "{answer:?}");
    drop(lock);
    chat.say(chat.trunk(), "1").await;
}

pub async fn a_hot_line_does_not_starve_another(kit: &Kit) {
    let (chat, other) = (kit.chat().await, kit.chat().await);
    // Opens connections before, so that the time for it does not count.
    let others = join_all((0..WRITERS).map(|_| kit.chat())).await;
    join_all(others.iter().map(|chat| chat.say(chat.trunk(), "0"))).await;
    chat.say(chat.trunk(), "0").await;
    let hot = chat.fork(chat.say(chat.trunk(), "1").await.id).await;
    let version = chat.store.fork(&chat.branch(None)).await.unwrap().object.branch.id;
    let writers = ConcurrentWriters::on(&chat, version).await;
    other.say(other.trunk(), "1").await;
    chat.say(hot, "2").await;
    let before = writers.answered();
    assert!(before < WRITERS / 2, "{before} of {WRITERS} came before one message on another line");
    assert_eq!(writers.check(&chat, version).await, WRITERS);
}

/// While each of 31 other lines takes some messages one after the other, a line with many writers takes only a few batches
/// for each of them.
pub async fn a_hot_line_takes_its_turns_with_others(kit: &Kit) {
    const MESSAGES: usize = 16;
    let hot = kit.chat().await;
    let (stop, taken) = (CancellationToken::new(), Arc::<AtomicUsize>::default());
    let write = |_| {
        let (hot, stop, taken) = (hot.clone(), stop.clone(), Arc::clone(&taken));
        tokio::spawn(async move {
            while !stop.is_cancelled() {
                hot.say(hot.trunk(), "x").await;
                taken.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(write).collect();
    let mut others = Vec::new();
    for _ in 0..31 {
        others.push(kit.chat().await);
    }
    let before = taken.load(Ordering::SeqCst);
    let say = async |chat: &Chat| {
        for number in 0..MESSAGES {
            chat.say(chat.trunk(), &number.to_string()).await;
        }
    };
    join_all(others.iter().map(say)).await;
    let taken = taken.load(Ordering::SeqCst) - before;
    stop.cancel();
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(taken < 4 * MESSAGES * WRITERS, "{taken} came to the hot line, and {MESSAGES} to each other");
    assert!(taken > 0);
}

pub async fn writers_that_disconnect_block_nobody(kit: &Kit) {
    let chat = kit.chat().await;
    let ConcurrentWriters { writers, .. } = ConcurrentWriters::on(&chat, chat.trunk()).await;
    let mut stayed = Vec::new();
    for (number, writer) in writers.into_iter().enumerate() {
        if number.is_multiple_of(2) {
            writer.abort();
        } else {
            stayed.push(writer);
        }
    }
    let staying = stayed.len();
    for writer in stayed {
        writer.await.unwrap().unwrap();
    }
    let last = chat.say(chat.trunk(), "last").await;
    let line = chat.line(chat.trunk()).await;
    assert_eq!(usize::try_from(last.depth).unwrap(), line.len());
    assert!((staying + 1..=WRITERS + 1).contains(&line.len()), "{}", line.len());
}
