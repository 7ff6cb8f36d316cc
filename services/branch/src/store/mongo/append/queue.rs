//! Who appends to a line, and when.
//!
//! Of one process only one at a time, and for all that wait: whoever has a line inserts their messages together, in the
//! order in which they came. So a line with many writers costs a command for as many as came during the one before.
//! It spares retries and commands; the unique index on depths decides.

use crate::domain::{ExpectedHead, Message};
use crate::error::Error;
use crate::store::NewMessage;
use crate::store::mongo::client::errors::{broken, unavailable};
use crate::store::mongo::client::retry::Patience;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex as Short, MutexGuard as ShortGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Instant, sleep};

/// How many locks there are for all lines, and how many heads each remembers.
const STRIPES: usize = 1_024;
const REMEMBERED: usize = 64;
/// How many messages are inserted together, and how many bytes of text: a batch must not hold up the next for long.
const BATCH: usize = 64;
const BATCH_BYTES: i64 = 4 << 20;
/// After how many batches in a row a line is left to the other replicas for a moment, where there seem to be any. Who
/// has the head at hand is always quicker than who must read it first.
const STREAK: u32 = 8;
const REST: Duration = Duration::from_millis(8);
/// For how long other replicas seem to be there after one was seen.
const SHARED: Duration = Duration::from_secs(60);
/// For how long a head is remembered: less than the day for which the id of a deleted branch stays taken, lest a
/// branch that was made anew under this id be taken for the old one.
const MEMORY: Duration = Duration::from_secs(60 * 60);

/// The head of a line, and what never changes about its branch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// When it was the head.
    pub(crate) at: Timestamp,
    /// The earliest time that the message after it may have.
    pub(crate) earliest: Timestamp,
    pub(crate) chat: ChatId,
    pub(crate) owner: UserId,
    pub(crate) depth: i64,
    pub(crate) id: Option<ResponseId>,
}

/// What an append is answered with.
pub(crate) type Appended = Result<Created<Message>, Error>;

/// A message whose turn has yet to come.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) new: NewMessage,
    pub(crate) id: ResponseId,
    answer: Sender<Appended>,
}

impl Waiting {
    /// Answers the request.
    pub(crate) fn answer(self, appended: Appended) {
        // Nobody listens where its task has died.
        let _ = self.answer.send(appended);
    }
}

/// The lines, in a fixed number of groups.
#[derive(Debug)]
pub(crate) struct Turns {
    stripes: Vec<Stripe>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Stripe {
    known: Mutex<Known>,
    /// The messages for its lines, in the order in which they came.
    waiting: Short<VecDeque<Waiting>>,
}

/// What is known of the lines of a stripe.
#[derive(Debug, Default)]
struct Known {
    /// The heads that they had when they were last unlocked.
    heads: HashMap<BranchId, Head>,
    /// When another replica was last seen to append.
    raced: Option<Instant>,
    /// How many batches were inserted in a row, and when the last one began.
    streak: u32,
    served: Option<Instant>,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let stripes = std::iter::repeat_with(Stripe::default).take(STRIPES).collect();
        Self { stripes, hasher: RandomState::new() }
    }

    /// Puts a message behind those that wait for the same line.
    pub(crate) fn join(&self, new: NewMessage) -> Result<Place<'_>, Error> {
        let (branch, id) = (new.branch, ResponseId::generate());
        let stripe = usize::try_from(self.hasher.hash_one(branch)).unwrap_or_default() % STRIPES;
        let stripe = self.stripes.get(stripe).ok_or_else(|| broken("no such stripe"))?;
        let (answer, answered) = oneshot::channel();
        stripe.waiting().push_back(Waiting { new, id, answer });
        Ok(Place { stripe, branch, id, answered })
    }
}

impl Stripe {
    fn waiting(&self) -> ShortGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue. Who gives it up is no longer served, unless that has begun.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    stripe: &'a Stripe,
    branch: BranchId,
    id: ResponseId,
    answered: Receiver<Appended>,
}

/// What comes of waiting.
pub(crate) enum Turn<'a> {
    /// Another one has done the work.
    Answered(Appended),
    /// The line is this one's, for all who wait.
    Leads(Locked<'a>),
}

impl<'a> Place<'a> {
    /// Waits for the answer or for the line, as long as there is time. Who comes first is served first.
    pub(crate) async fn wait(&mut self, patience: &Patience) -> Turn<'a> {
        let lock = self.stripe.known.lock();
        tokio::select! {
            biased;
            answer = &mut self.answered => Turn::Answered(received(answer.ok())),
            known = lock => Turn::Leads(Locked { known, stripe: self.stripe, branch: self.branch }),
            () = patience.over() => Turn::Answered(self.leave().await),
        }
    }

    /// The answer, if the message was served.
    pub(crate) fn answered(&mut self) -> Option<Appended> {
        match self.answered.try_recv() {
            Err(oneshot::error::TryRecvError::Empty) => None,
            answer => Some(received(answer.ok())),
        }
    }

    /// Gives up. What is being inserted just now is waited for: its client must not be told that it was not.
    pub(crate) async fn leave(&mut self) -> Appended {
        if self.withdraw() {
            return Err(unavailable("others came first for too long"));
        }
        received((&mut self.answered).await.ok())
    }

    fn withdraw(&self) -> bool {
        let mut waiting = self.stripe.waiting();
        let place = waiting.iter().position(|one| one.id == self.id);
        place.is_some_and(|place| waiting.remove(place).is_some())
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.withdraw();
    }
}

fn received(answer: Option<Appended>) -> Appended {
    answer.unwrap_or_else(|| Err(broken("whoever appended for others has died")))
}

/// A line that nobody else of this process appends to.
#[derive(Debug)]
pub(crate) struct Locked<'a> {
    known: MutexGuard<'a, Known>,
    stripe: &'a Stripe,
    branch: BranchId,
}

impl Locked<'_> {
    pub(crate) const fn branch(&self) -> BranchId {
        self.branch
    }

    /// Takes the remembered head: until [`Locked::remember`] there is none.
    pub(crate) fn take(&mut self, now: Timestamp) -> Option<Head> {
        self.known.heads.remove(&self.branch).filter(|head| now <= head.at.plus(MEMORY))
    }

    pub(crate) fn remember(&mut self, head: Head) {
        if self.known.heads.len() >= REMEMBERED {
            self.known.heads.clear();
        }
        self.known.heads.insert(self.branch, head);
    }

    /// Lets other replicas have the line, if they have had to wait for long.
    pub(crate) async fn rest(&mut self) {
        let is_within = |instant: Option<Instant>, time| instant.is_some_and(|since| since.elapsed() < time);
        self.known.streak = if is_within(self.known.served, REST) { self.known.streak + 1 } else { 1 };
        if self.known.streak > STREAK && is_within(self.known.raced, SHARED) {
            sleep(REST).await;
            self.known.streak = 1;
        }
        self.known.served = Some(Instant::now());
    }

    /// Takes those that can be inserted together: of one user and chat, and none that expects a head, unless it is the
    /// only one.
    pub(crate) fn batch(&self) -> Vec<Waiting> {
        let mut waiting = self.stripe.waiting();
        let (mut batch, mut bytes) = (Vec::<Waiting>::new(), 0);
        let mut place = 0;
        while let Some(one) = waiting.get(place) {
            if one.new.branch != self.branch {
                place += 1;
                continue;
            }
            bytes += one.new.text_bytes();
            let goes_with = |first: &Waiting| {
                let of_one = (first.new.owner, first.new.chat) == (one.new.owner, one.new.chat);
                of_one && [first, one].iter().all(|one| one.new.expected_head == ExpectedHead::Any)
            };
            let fits = batch.first().is_none_or(|first| goes_with(first) && bytes <= BATCH_BYTES);
            if !fits || batch.len() >= BATCH {
                break;
            }
            batch.extend(waiting.remove(place));
        }
        batch
    }

    /// Takes all that wait for the line.
    pub(crate) fn all(&self) -> Vec<Waiting> {
        let mut waiting = self.stripe.waiting();
        let (all, others): (Vec<_>, Vec<_>) =
            waiting.drain(..).partition(|one| one.new.branch == self.branch);
        waiting.extend(others);
        all
    }

    /// Puts those back to the front that another replica came before.
    pub(crate) fn put_back(&mut self, batch: Vec<Waiting>) {
        self.known.raced = Some(Instant::now());
        self.known.streak = 0;
        let mut waiting = self.stripe.waiting();
        for one in batch.into_iter().rev() {
            waiting.push_front(one);
        }
    }
}
