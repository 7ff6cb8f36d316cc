//! Batches the inserts of many lines (`store::mongo::batcher` draws how).
//!
//! The insert of a batch is unordered, so that a document that is refused leaves the others alone. So a batch has one message
//! of a line at most, which the lock of the line ensures: behind a refused message of its line another would be stored after a
//! gap. A line with several waiting messages has an ordered insert of its own.

use crate::error::Error;
use crate::store::mongo::batcher::{BatchOperation, Batcher, Unanswered};
use crate::store::mongo::client::errors::{FailedWrite, broken, clone_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::liveness::{Gone, Line, LineLiveness};
use mongodb::Collection;
use mongodb::bson::{RawDocumentBuf, serialize_to_raw_document_buf};
use shared::tasks::Tasks;

/// Bounds of a batch, lest it hold up the next for long: 64 small messages take the server as long as the flush that they share,
/// so that larger batches would gain little.
const MAX_BATCH_MESSAGES: usize = 64;
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The outcome of an insert.
#[derive(Debug)]
pub(crate) struct InsertOutcome {
    pub(crate) written: Result<(), FailedWrite>,
    /// The branch or the trunk, if it was gone.
    pub(crate) gone: Result<Option<Gone>, Error>,
}

impl InsertOutcome {
    fn not_executed(error: Error) -> Self {
        Self { written: Err(FailedWrite::not_executed(error)), gone: Ok(None) }
    }
}

impl From<Unanswered> for InsertOutcome {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::NotExecuted(error) => Self::not_executed(error),
            Unanswered::Unknown(error) => {
                Self { written: Err(FailedWrite::unknown(clone_error(&error))), gone: Err(error) }
            }
        }
    }
}

/// A message to insert into a line.
#[derive(Debug)]
struct PendingInsert {
    line: Line,
    document: RawDocumentBuf,
}

/// The inserts of this process that are batched across lines.
#[derive(Debug)]
pub(crate) struct InsertBatcher(Batcher<InsertMessages>);

impl InsertBatcher {
    pub(crate) fn new(
        messages: &Collection<MessageDoc>,
        branches: &Collection<BranchDoc>,
        tasks: &Tasks,
    ) -> Self {
        let (messages, branches) = (messages.clone_with_type(), branches.clone());
        Self(Batcher::new(InsertMessages { messages, branches }, tasks))
    }

    /// Inserts the message of a line that the caller has locked, with whatever waits.
    pub(crate) async fn insert(
        &self,
        line: Line,
        message: &MessageDoc,
        deadline: &RetryDeadline,
    ) -> InsertOutcome {
        match serialize_to_raw_document_buf(message) {
            Ok(document) => {
                let inserted = self.0.submit(PendingInsert { line, document }, deadline).await;
                inserted.unwrap_or_else(InsertOutcome::from)
            }
            Err(error) => InsertOutcome::not_executed(broken(error)),
        }
    }
}

/// An unordered insert, and a look at the branches and trunks of its lines.
#[derive(Debug)]
struct InsertMessages {
    messages: Collection<RawDocumentBuf>,
    branches: Collection<BranchDoc>,
}

impl BatchOperation for InsertMessages {
    type Item = PendingInsert;
    type Answer = InsertOutcome;

    const MAX_ITEMS: usize = MAX_BATCH_MESSAGES;
    const MAX_WEIGHT: usize = MAX_BATCH_BYTES;

    fn weight(insert: &PendingInsert) -> usize {
        insert.document.as_bytes().len()
    }

    async fn execute(&self, batch: &[PendingInsert]) -> Vec<InsertOutcome> {
        let insert = self.messages.insert_many(batch.iter().map(|pending| &pending.document)).ordered(false);
        // At the same time: a deletion of a branch is either seen here, or sees the message.
        let liveness = LineLiveness::read(&self.branches, batch.iter().map(|pending| pending.line));
        let (inserted, liveness) = futures_util::join!(insert.into_future(), liveness);
        let failed = inserted.err();
        let outcome = |(position, pending): (usize, &PendingInsert)| InsertOutcome {
            written: FailedWrite::check_document(failed.as_ref(), position),
            gone: liveness.as_ref().map(|liveness| liveness.gone(pending.line)).map_err(clone_error),
        };
        batch.iter().enumerate().map(outcome).collect()
    }

    fn outage(outcome: &InsertOutcome) -> Option<&Error> {
        let failed = outcome.written.as_ref().err()?;
        Some(&failed.error).filter(|_| failed.is_unreachable())
    }
}
