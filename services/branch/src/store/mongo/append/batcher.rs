//! Batches inserts of many lines: group commit, as in `PostgreSQL`.
//!
//! Every line with one waiting message hands its insert in here. While a batch is on its way the next one gathers, and nobody
//! waits for more to come: who writes alone waits for one batch of others at most. The insert of a batch is unordered, so
//! that a document that is refused leaves the others alone. So a batch has one message of a line at most, which the lock
//! of the line ensures: behind a refused message of its line another would be stored after a gap. A line with several
//! waiting messages has an ordered insert of its own.
//!
//! An insert:
//!
//! ```text
//!   insert ---> [ waiting ] ----------------------------------> not executed: timed out before a batch took it, or
//!                   |                                           the batch before found the store unavailable
//!      take_batch   |
//!   (by whoever     |
//!    gets a slot)   v
//!              [ in a batch ] --- one unordered insert_many; at the same time one look at branches and trunks ---.
//!                                                                                                                |
//!              .--------------------------------.--------------------------------------.-------------------------'
//!              v                                v                                      v
//!          inserted          refused: a duplicate key of this document        unknown: confirmed by its line
//!
//!   slot:  one of two; held while a batch is in flight
//! ```

use crate::error::Error;
use crate::store::mongo::client::errors::{FailedWrite, broken, clone_error, unavailable};
use crate::store::mongo::client::retry::{RETRY_TIMEOUT, RetryDeadline};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::liveness::{Line, LineLiveness};
use mongodb::Collection;
use mongodb::bson::{RawDocumentBuf, serialize_to_raw_document_buf};
use shared::ids::ResponseId;
use std::collections::VecDeque;
use std::sync::{Mutex as SyncMutex, MutexGuard as SyncMutexGuard, PoisonError};
use tokio::sync::Semaphore;
use tokio::sync::oneshot::{self, Sender};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Batches in flight: while the server flushes one, the next is sent. More would only make them smaller, as a server flushes
/// its journal for one after the other.
const MAX_BATCHES_IN_FLIGHT: usize = 2;
/// Bounds of a batch, lest it hold up the next for long: 64 small messages take the server as long as the flush that they share,
/// so that larger batches would gain little.
const MAX_BATCH_MESSAGES: usize = 64;
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The outcome of an insert.
#[derive(Debug)]
pub(crate) struct InsertOutcome {
    pub(crate) written: Result<(), FailedWrite>,
    /// The error that says what was gone, if branch or trunk was.
    pub(crate) gone: Result<Option<Error>, Error>,
}

impl InsertOutcome {
    fn failed(failed: FailedWrite) -> Self {
        Self { written: Err(failed), gone: Ok(None) }
    }

    fn late(late: &Elapsed) -> Self {
        let late = || unavailable(late.to_string());
        Self { written: Err(FailedWrite::unknown(late())), gone: Err(late()) }
    }
}

/// An insert that waits or is in a batch.
#[derive(Debug)]
struct PendingInsert {
    id: ResponseId,
    line: Line,
    document: RawDocumentBuf,
    answer: Sender<InsertOutcome>,
}

/// The inserts of this process that are batched across lines.
#[derive(Debug)]
pub(crate) struct InsertBatcher {
    messages: Collection<RawDocumentBuf>,
    branches: Collection<BranchDoc>,
    /// First in, first out.
    waiting: SyncMutex<VecDeque<PendingInsert>>,
    /// A permit for each batch that may be in flight.
    slots: Semaphore,
}

impl InsertBatcher {
    pub(crate) fn new(messages: &Collection<MessageDoc>, branches: &Collection<BranchDoc>) -> Self {
        Self {
            messages: messages.clone_with_type(),
            branches: branches.clone(),
            waiting: SyncMutex::default(),
            slots: Semaphore::new(MAX_BATCHES_IN_FLIGHT),
        }
    }

    /// Inserts the message of a line that the caller has locked, with whatever waits.
    pub(crate) async fn insert(
        &self,
        line: Line,
        message: &MessageDoc,
        deadline: &RetryDeadline,
    ) -> InsertOutcome {
        let document = match serialize_to_raw_document_buf(message) {
            Ok(document) => document,
            Err(error) => return InsertOutcome::failed(FailedWrite::not_executed(broken(error))),
        };
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push_back(PendingInsert { id: message.id, line, document, answer });
        loop {
            tokio::select! {
                biased;
                outcome = &mut answered => return outcome_or_failure(outcome.ok()),
                // Before a slot: what came before may have taken the time already.
                () = deadline.last_start() => {
                    if self.remove(message.id) {
                        let late = unavailable("others came first for too long");
                        return InsertOutcome::failed(FailedWrite::not_executed(late));
                    }
                    break;
                }
                slot = self.slots.acquire() => {
                    let batch = self.take_batch();
                    if batch.is_empty() {
                        // The other batch in flight has this insert, too.
                        drop(slot);
                        break;
                    }
                    self.insert_batch(batch).await;
                }
            }
        }
        outcome_or_failure(answered.await.ok())
    }

    fn waiting(&self) -> SyncMutexGuard<'_, VecDeque<PendingInsert>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what waits, within the bounds of a batch; empty if nothing does.
    fn take_batch(&self) -> Vec<PendingInsert> {
        let mut waiting = self.waiting();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(next) = waiting.front() {
            bytes += next.document.as_bytes().len();
            if !batch.is_empty() && (bytes > MAX_BATCH_BYTES || batch.len() >= MAX_BATCH_MESSAGES) {
                break;
            }
            batch.extend(waiting.pop_front());
        }
        batch
    }

    /// False if a batch has the insert already.
    fn remove(&self, id: ResponseId) -> bool {
        let mut waiting = self.waiting();
        let position = waiting.iter().position(|pending| pending.id == id);
        position.is_some_and(|position| waiting.remove(position).is_some())
    }

    /// Inserts a batch, and tells each line what came of its message.
    async fn insert_batch(&self, batch: Vec<PendingInsert>) {
        let insert = self.messages.insert_many(batch.iter().map(|pending| &pending.document)).ordered(false);
        // At the same time: a deletion of a branch is either seen here, or sees the message.
        let liveness = LineLiveness::read(&self.branches, batch.iter().map(|pending| pending.line));
        let both = async { futures_util::join!(insert.into_future(), liveness) };
        // Without a bound, two connections that hang would hold up every line.
        let (inserted, liveness) = match timeout(RETRY_TIMEOUT, both).await {
            Ok(both) => both,
            Err(late) => return answer_all(batch, |_, _| InsertOutcome::late(&late)),
        };
        let failed = inserted.err();
        answer_all(batch, |position, line| InsertOutcome {
            written: match &failed {
                Some(error) => FailedWrite::of_document(error, position).map_or(Ok(()), Err),
                None => Ok(()),
            },
            gone: liveness.as_ref().map(|liveness| liveness.gone(line)).map_err(clone_error),
        });
        if let Some(error) = failed.filter(|error| FailedWrite::from(error).is_unreachable()) {
            // One after the other they would wait for seconds to be told the same.
            let waiting = std::mem::take(&mut *self.waiting());
            answer_all(waiting, |_, _| InsertOutcome::failed((&error).into()));
        }
    }
}

/// Tells each line its outcome, by its position in the batch.
fn answer_all(
    batch: impl IntoIterator<Item = PendingInsert>,
    outcome: impl Fn(usize, Line) -> InsertOutcome,
) {
    for (position, PendingInsert { line, answer, .. }) in batch.into_iter().enumerate() {
        // It fails only where the request's task has died.
        let _ = answer.send(outcome(position, line));
    }
}

fn outcome_or_failure(outcome: Option<InsertOutcome>) -> InsertOutcome {
    // It may be inserted.
    let died = || FailedWrite::unknown(broken("whoever inserted for others has died"));
    outcome.unwrap_or_else(|| InsertOutcome::failed(died()))
}
