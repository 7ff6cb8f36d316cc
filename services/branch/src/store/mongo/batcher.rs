//! Batches operations on the server: group commit, as in `PostgreSQL`, and its like for reads.
//!
//! While commands are on their way, what comes gathers and goes together in the next one. Nobody waits for more to come: who comes
//! alone goes alone, and at once. A batch has only what was submitted before its command was sent, so that a read sees
//! every write that was answered before it began.
//!
//! An item:
//!
//! ```text
//!                   a slot is free
//!   submit ---.------------------------------> [ alone ] ------------------------.
//!             |                                                                  |
//!             | both are held                           one command for all      v
//!             '---> [ waiting ] ---------------> [ in a batch ] -------------> answered
//!                       |        a slot is left          |
//!                       |                                '---> Unanswered::Unknown: the command timed out, or panicked
//!                       |
//!                       '---> Unanswered::NotExecuted: too late when a batch could take it, or no server can be reached
//!                       '---> dropped, with its caller
//! ```
//!
//! A slot:
//!
//! ```text
//!   [ free ] --- submit: the caller's item alone ---> [ held ] --- left, also if the holder is dropped or panics ---.
//!       ^                                                ^                                                          |
//!       |                                                '--- something waits: a task has it with the next batch ---|
//!       '---------------------------------------------------- nothing waits ----------------------------------------'
//! ```

use crate::error::Error;
use crate::store::mongo::client::errors::{FailedWrite, broken, clone_error, unavailable};
use crate::store::mongo::client::retry::{RETRY_TIMEOUT, RetryDeadline};
use shared::tasks::Tasks;
use std::collections::VecDeque;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot::error::RecvError;
use tokio::sync::oneshot::{self, Receiver, Sender};
use tokio::time::timeout;

/// Batches in flight: while the server flushes one, the next is sent. More would only make them smaller, as a server flushes
/// its journal for one after the other.
const MAX_BATCHES_IN_FLIGHT: usize = 2;

/// An operation that is as cheap for many items as for one.
pub(crate) trait BatchOperation: Debug + Send + Sync + 'static {
    type Item: Debug + Send + Sync + 'static;
    type Answer: Debug + Send + Sync + 'static;

    /// The bounds of a batch, which has one item at least.
    const MAX_ITEMS: usize;
    const MAX_WEIGHT: usize;

    fn weight(item: &Self::Item) -> usize;

    /// Executes a batch, and returns an answer for each item, in their order.
    fn execute(&self, items: &[Self::Item]) -> impl Future<Output = Vec<Self::Answer>> + Send;

    /// The error, if it says that no server can be reached. All who wait are told, as one after the other they would wait for
    /// seconds to be told the same.
    fn outage(_: &Self::Answer) -> Option<&Error> {
        None
    }
}

/// Why an item has no answer.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// It was in no batch.
    NotExecuted(Error),
    /// It may be executed.
    Unknown(Error),
}

impl From<Unanswered> for Error {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotExecuted(error) | Unanswered::Unknown(error) => error,
        }
    }
}

impl From<Unanswered> for FailedWrite {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotExecuted(error) => Self::not_executed(error),
            Unanswered::Unknown(error) => Self::unknown(error),
        }
    }
}

type Answered<O> = Result<<O as BatchOperation>::Answer, Unanswered>;

/// An item that waits.
#[derive(Debug)]
struct Pending<O: BatchOperation> {
    number: u64,
    item: O::Item,
    answer: Sender<Answered<O>>,
}

/// Batches the items of one operation, for this process.
#[derive(Debug)]
pub(crate) struct Batcher<O: BatchOperation>(Arc<Shared<O>>);

#[derive(Debug)]
struct Shared<O: BatchOperation> {
    operation: O,
    tasks: Tasks,
    queue: Mutex<Queue<O>>,
}

impl<O: BatchOperation> Shared<O> {
    fn queue(&self) -> MutexGuard<'_, Queue<O>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Queue<O: BatchOperation> {
    /// First in, first out. Nothing waits while a slot is free.
    waiting: VecDeque<Pending<O>>,
    held_slots: usize,
    next_number: u64,
}

impl<O: BatchOperation> Queue<O> {
    /// Takes what waits, within the bounds of a batch; empty if nothing does. Items whose callers have gone are dropped.
    fn take_batch(&mut self) -> Vec<Pending<O>> {
        let (mut batch, mut weight) = (Vec::new(), 0);
        while let Some(next) = self.waiting.front() {
            weight += O::weight(&next.item);
            if !batch.is_empty() && (batch.len() >= O::MAX_ITEMS || weight > O::MAX_WEIGHT) {
                break;
            }
            batch.extend(self.waiting.pop_front().filter(|next| !next.answer.is_closed()));
        }
        batch
    }

    /// False if a batch has the item already.
    fn remove(&mut self, number: u64) -> bool {
        let position = self.waiting.iter().position(|pending| pending.number == number);
        position.is_some_and(|position| self.waiting.remove(position).is_some())
    }
}

impl<O: BatchOperation> Batcher<O> {
    /// A batcher of this operation, whose batches run in `tasks`.
    pub(crate) fn new(operation: O, tasks: &Tasks) -> Self {
        let queue = Queue { waiting: VecDeque::new(), held_slots: 0, next_number: 0 };
        Self(Arc::new(Shared { operation, tasks: tasks.clone(), queue: Mutex::new(queue) }))
    }

    /// Executes the operation for an item, with whatever waits.
    pub(crate) async fn submit(&self, item: O::Item, deadline: &RetryDeadline) -> Answered<O> {
        if !deadline.allows_start() {
            return Err(too_late());
        }
        match self.enter(item) {
            Entry::Alone(slot, item) => slot.execute_alone(item).await,
            Entry::Waiting(number, answer) => self.wait(number, answer, deadline).await,
        }
    }

    fn enter(&self, item: O::Item) -> Entry<O> {
        let mut queue = self.0.queue();
        if queue.held_slots < MAX_BATCHES_IN_FLIGHT {
            queue.held_slots += 1;
            return Entry::Alone(Slot(Arc::clone(&self.0)), item);
        }
        let (answer, answered) = oneshot::channel();
        let number = queue.next_number;
        queue.next_number += 1;
        queue.waiting.push_back(Pending { number, item, answer });
        Entry::Waiting(number, answered)
    }

    async fn wait(
        &self,
        number: u64,
        mut answer: Receiver<Answered<O>>,
        deadline: &RetryDeadline,
    ) -> Answered<O> {
        tokio::select! {
            biased;
            answer = &mut answer => return answer.unwrap_or_else(died),
            () = deadline.last_start() => {
                if self.0.queue().remove(number) {
                    return Err(too_late());
                }
            }
        }
        answer.await.unwrap_or_else(died)
    }
}

fn too_late() -> Unanswered {
    Unanswered::NotExecuted(unavailable("others came first for too long"))
}

fn died<T>(_: RecvError) -> Result<T, Unanswered> {
    Err(Unanswered::Unknown(broken("a batch has died")))
}

enum Entry<O: BatchOperation> {
    /// A slot was free.
    Alone(Slot<O>, O::Item),
    Waiting(u64, Receiver<Answered<O>>),
}

/// The right to have a batch in flight. When it is dropped, a task has it for what waits.
struct Slot<O: BatchOperation>(Arc<Shared<O>>);

impl<O: BatchOperation> Slot<O> {
    async fn execute_alone(self, item: O::Item) -> Answered<O> {
        let mut answers = self.execute(&[item]).await.map_err(Unanswered::Unknown)?;
        answers.pop().ok_or_else(|| Unanswered::Unknown(broken("an item without an answer")))
    }

    async fn execute_batch(self, batch: Vec<Pending<O>>) {
        let (items, senders): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|pending| (pending.item, pending.answer)).unzip();
        // A send fails only where the caller has gone.
        match self.execute(&items).await {
            Ok(answers) => {
                for (sender, answer) in senders.into_iter().zip(answers) {
                    let _ = sender.send(Ok(answer));
                }
            }
            Err(late) => {
                for sender in senders {
                    let _ = sender.send(Err(Unanswered::Unknown(clone_error(&late))));
                }
            }
        }
    }

    async fn execute(&self, items: &[O::Item]) -> Result<Vec<O::Answer>, Error> {
        // Without a bound, two connections that hang would hold up everybody.
        let executed = timeout(RETRY_TIMEOUT, self.0.operation.execute(items)).await;
        let answers = executed.map_err(|late| unavailable(late.to_string()))?;
        if let Some(error) = answers.iter().find_map(O::outage) {
            for pending in std::mem::take(&mut self.0.queue().waiting) {
                let _ = pending.answer.send(Err(Unanswered::NotExecuted(clone_error(error))));
            }
        }
        Ok(answers)
    }
}

impl<O: BatchOperation> Drop for Slot<O> {
    fn drop(&mut self) {
        let batch = {
            let mut queue = self.0.queue();
            let batch = queue.take_batch();
            if batch.is_empty() {
                queue.held_slots -= 1;
                return;
            }
            batch
        };
        let next = Self(Arc::clone(&self.0));
        self.0.tasks.spawn(next.execute_batch(batch));
    }
}

#[cfg(test)]
mod tests;
