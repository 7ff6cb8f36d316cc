//! The queue of appends: group commit, as in the write threads of `LevelDB` and `RocksDB`.
//!
//! The first to lock a line leads: it inserts its own message and those of all who wait behind it, in the order in which
//! they came. So a line with many writers costs one command for as many messages as came during the command before. A
//! batch of one message shares its command with other lines (`batcher`). The queue spares commands and retries within one
//! process; across processes the unique index on (branch, depth) decides.
//!
//! An append:
//!
//! ```text
//!   enqueue ---> [ queued ] ------------------------------------> Err: timed out, or the client left before a batch took it
//!                   |  ^
//!      take_batch   |  |  requeue: another replica inserted at this depth first
//!    (by a leader)  v  |
//!                [ in a batch ] --- an insert, and a look whether the branch still lives ---.
//!                                                                                           |
//!         .--------------------------------.-------------------------------.----------------'
//!         v                                v                               v
//!   Ok: created                  Ok: replayed (equal key)        Err: gone, head moved, store failed
//!
//!   ticket:  wait --> Answered by another leader
//!                 --> Leader --> serves batches until its own message is answered
//! ```

use crate::domain::{ExpectedHead, Message};
use crate::error::Error;
use crate::store::NewMessage;
use crate::store::mongo::client::errors::{broken, unavailable};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::read::branch_cache::CACHE_TTL;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex as SyncMutex, MutexGuard as SyncMutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

/// Lock stripes for all lines.
const LOCK_STRIPES: usize = 1_024;
/// Heads cached by each stripe.
const MAX_CACHED_HEADS: usize = 64;
/// Bounds of a batch, lest it hold up the next for long.
const MAX_BATCH_MESSAGES: usize = 64;
const MAX_BATCH_BYTES: i64 = 4 << 20;
/// Batches in a row after which a contended line is left to the other replicas: a process that has the head cached is
/// always faster than one that must read it.
const BATCHES_BEFORE_PAUSE: u32 = 8;
const PAUSE_BETWEEN_BATCHES: Duration = Duration::from_millis(8);
/// How long a stripe counts as contended after another replica came first.
const CONTENDED_FOR: Duration = Duration::from_secs(60);

/// The head of a line, and what never changes about its branch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LineHead {
    /// When it was read or inserted.
    pub(crate) seen_at: Timestamp,
    /// The earliest time that the next message may have.
    pub(crate) earliest_next: Timestamp,
    pub(crate) chat: ChatId,
    pub(crate) owner: UserId,
    pub(crate) fork_depth: i64,
    pub(crate) depth: i64,
    pub(crate) id: Option<ResponseId>,
}

/// The answer to an append.
pub(crate) type Appended = Result<Created<Message>, Error>;

/// A message in the queue or in a batch.
#[derive(Debug)]
pub(crate) struct PendingAppend {
    pub(crate) new: NewMessage,
    pub(crate) id: ResponseId,
    /// Its number in the queue: two equal requests have the same id, if that was given out before.
    number: u64,
    answer: Sender<Appended>,
}

impl PendingAppend {
    /// Answers the request.
    pub(crate) fn answer(self, appended: Appended) {
        // It fails only where the request's task has died.
        let _ = self.answer.send(appended);
    }
}

/// The appends of this process, queued by line. Lines share stripes.
#[derive(Debug)]
pub(crate) struct AppendQueue {
    stripes: Vec<Stripe>,
    hasher: RandomState,
    next_number: AtomicU64,
}

#[derive(Debug, Default)]
struct Stripe {
    /// Its lock is the lock of every line of the stripe.
    state: Mutex<StripeState>,
    /// First in, first out.
    queued: SyncMutex<VecDeque<PendingAppend>>,
}

#[derive(Debug, Default)]
struct StripeState {
    cached_heads: HashMap<BranchId, LineHead>,
    /// When another replica last came first.
    last_race: Option<Instant>,
    batches_in_a_row: u32,
    /// When the last batch began.
    last_batch: Option<Instant>,
}

impl AppendQueue {
    pub(crate) fn new() -> Self {
        let stripes = std::iter::repeat_with(Stripe::default).take(LOCK_STRIPES).collect();
        Self { stripes, hasher: RandomState::new(), next_number: AtomicU64::default() }
    }

    /// Puts a message at the end of the queue.
    pub(crate) fn enqueue(&self, new: NewMessage) -> Result<QueueTicket<'_>, Error> {
        let (branch, id) = (new.branch, new.request.id.unwrap_or_else(ResponseId::generate));
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let stripe = usize::try_from(self.hasher.hash_one(branch)).unwrap_or_default() % LOCK_STRIPES;
        let stripe = self.stripes.get(stripe).ok_or_else(|| broken("no such stripe"))?;
        let (answer, answered) = oneshot::channel();
        stripe.queued().push_back(PendingAppend { new, id, number, answer });
        Ok(QueueTicket { stripe, branch, number, answered })
    }
}

impl Stripe {
    fn queued(&self) -> SyncMutexGuard<'_, VecDeque<PendingAppend>> {
        self.queued.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one message in the queue. Dropped, it takes the message out of the queue, unless a batch has it.
#[derive(Debug)]
pub(crate) struct QueueTicket<'a> {
    stripe: &'a Stripe,
    branch: BranchId,
    number: u64,
    answered: Receiver<Appended>,
}

/// How a wait in the queue ends.
pub(crate) enum TicketOutcome<'a> {
    /// Another leader has served the message, or the deadline has passed.
    Answered(Box<Appended>),
    /// This one leads.
    Leader(LineLock<'a>),
}

impl<'a> QueueTicket<'a> {
    /// Waits for the answer or for the lock of the line, until the deadline. The lock is fair.
    pub(crate) async fn wait(&mut self, deadline: &RetryDeadline) -> TicketOutcome<'a> {
        let lock = self.stripe.state.lock();
        tokio::select! {
            biased;
            answer = &mut self.answered => TicketOutcome::Answered(Box::new(answer_or_failure(answer.ok()))),
            state = lock => TicketOutcome::Leader(LineLock { state, stripe: self.stripe, branch: self.branch }),
            () = deadline.expired() => TicketOutcome::Answered(Box::new(self.cancel().await)),
        }
    }

    /// The answer, if there is one already.
    pub(crate) fn try_answer(&mut self) -> Option<Appended> {
        match self.answered.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => None,
            answer => Some(answer_or_failure(answer.ok())),
        }
    }

    /// Gives up, unless a batch has the message: then its answer is waited for, lest its client be told that it was not
    /// inserted.
    pub(crate) async fn cancel(&mut self) -> Appended {
        if self.remove_from_queue() {
            return Err(unavailable("others came first for too long"));
        }
        answer_or_failure((&mut self.answered).await.ok())
    }

    /// False if the message was not queued any more.
    fn remove_from_queue(&self) -> bool {
        let mut queued = self.stripe.queued();
        let position = queued.iter().position(|pending| pending.number == self.number);
        position.is_some_and(|position| queued.remove(position).is_some())
    }
}

impl Drop for QueueTicket<'_> {
    fn drop(&mut self) {
        self.remove_from_queue();
    }
}

fn answer_or_failure(answer: Option<Appended>) -> Appended {
    answer.unwrap_or_else(|| Err(broken("whoever appended for others has died")))
}

/// The lock of a line: nobody else in this process appends to it.
#[derive(Debug)]
pub(crate) struct LineLock<'a> {
    state: MutexGuard<'a, StripeState>,
    stripe: &'a Stripe,
    branch: BranchId,
}

impl LineLock<'_> {
    pub(crate) const fn branch(&self) -> BranchId {
        self.branch
    }

    /// Takes the cached head out of the cache. After a failed insert it must not be used again.
    pub(crate) fn take_head(&mut self, now: Timestamp) -> Option<LineHead> {
        let head = self.state.cached_heads.remove(&self.branch);
        head.filter(|head| now <= head.seen_at.plus(CACHE_TTL))
    }

    pub(crate) fn cache_head(&mut self, head: LineHead) {
        if self.state.cached_heads.len() >= MAX_CACHED_HEADS {
            self.state.cached_heads.clear();
        }
        self.state.cached_heads.insert(self.branch, head);
    }

    /// Pauses after [`BATCHES_BEFORE_PAUSE`] batches in a row on a contended line, so that other replicas get at it.
    pub(crate) async fn yield_to_replicas(&mut self) {
        let state = &mut *self.state;
        let is_within = |instant: Option<Instant>, time| instant.is_some_and(|since| since.elapsed() < time);
        let follows = is_within(state.last_batch, PAUSE_BETWEEN_BATCHES);
        state.batches_in_a_row = if follows { state.batches_in_a_row + 1 } else { 1 };
        if state.batches_in_a_row > BATCHES_BEFORE_PAUSE && is_within(state.last_race, CONTENDED_FOR) {
            sleep(PAUSE_BETWEEN_BATCHES).await;
            state.batches_in_a_row = 1;
        }
        state.last_batch = Some(Instant::now());
    }

    /// Takes the next messages that can be inserted together: of one user and chat, none of which expects a head, unless it
    /// is the only one.
    pub(crate) fn take_batch(&self) -> Vec<PendingAppend> {
        let mut queued = self.stripe.queued();
        let (mut batch, mut bytes) = (Vec::<PendingAppend>::new(), 0);
        let mut position = 0;
        while let Some(next) = queued.get(position) {
            if next.new.branch != self.branch {
                position += 1;
                continue;
            }
            bytes += next.new.request.stored_text_bytes();
            let shares_batch = |first: &PendingAppend| {
                let of_one =
                    (first.new.request.owner, first.new.chat) == (next.new.request.owner, next.new.chat);
                of_one && [first, next].iter().all(|one| one.new.request.expected_head == ExpectedHead::Any)
            };
            let fits = batch.first().is_none_or(|first| shares_batch(first) && bytes <= MAX_BATCH_BYTES);
            if !fits || batch.len() >= MAX_BATCH_MESSAGES {
                break;
            }
            batch.extend(queued.remove(position));
        }
        batch
    }

    /// Takes all messages that are queued for the line.
    pub(crate) fn take_all(&self) -> Vec<PendingAppend> {
        let mut queued = self.stripe.queued();
        let (all, others): (Vec<_>, Vec<_>) = queued.drain(..).partition(|one| one.new.branch == self.branch);
        queued.extend(others);
        all
    }

    /// Puts messages back at the front of the queue, because another replica came first.
    pub(crate) fn requeue(&mut self, batch: Vec<PendingAppend>) {
        self.state.last_race = Some(Instant::now());
        self.state.batches_in_a_row = 0;
        let mut queued = self.stripe.queued();
        for pending in batch.into_iter().rev() {
            queued.push_front(pending);
        }
    }
}
