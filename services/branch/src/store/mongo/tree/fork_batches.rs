//! The writes of many forks in one command.

use crate::error::Error;
use crate::store::mongo::batcher::BatchOperation;
use crate::store::mongo::client::errors::{FailedWrite, clone_error};
use crate::store::mongo::client::update_command::{statement, update_repeatably};
use mongodb::bson::{RawDocumentBuf, doc};
use mongodb::{Collection, Database};
use shared::ids::{BranchId, ResponseId};

/// Bounds of a batch, as for messages: 64 small documents take the server as long as the flush that they share.
const MAX_FORKS: usize = 64;
const MAX_BYTES: usize = 4 << 20;

/// Inserts the documents of forks.
#[derive(Debug)]
pub(crate) struct InsertForks(pub(crate) Collection<RawDocumentBuf>);

impl BatchOperation for InsertForks {
    type Item = RawDocumentBuf;
    type Answer = Result<(), FailedWrite>;

    const MAX_ITEMS: usize = MAX_FORKS;
    const MAX_WEIGHT: usize = MAX_BYTES;

    fn weight(fork: &RawDocumentBuf) -> usize {
        fork.as_bytes().len()
    }

    async fn execute(&self, forks: &[RawDocumentBuf]) -> Vec<Result<(), FailedWrite>> {
        let failed = self.0.insert_many(forks).ordered(false).await.err();
        (0..forks.len()).map(|position| FailedWrite::check_document(failed.as_ref(), position)).collect()
    }

    fn outage(inserted: &Result<(), FailedWrite>) -> Option<&Error> {
        let failed = inserted.as_ref().err()?;
        Some(&failed.error).filter(|_| failed.is_unreachable())
    }
}

/// A message that is about to be forked from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForkMark {
    pub(crate) message: ResponseId,
    pub(crate) branch: BranchId,
}

/// Marks messages as forked.
#[derive(Debug)]
pub(crate) struct MarkAsForked(pub(crate) Database);

impl BatchOperation for MarkAsForked {
    type Item = ForkMark;
    type Answer = Result<(), Error>;

    const MAX_ITEMS: usize = MAX_FORKS;
    const MAX_WEIGHT: usize = MAX_FORKS;

    fn weight(_: &ForkMark) -> usize {
        1
    }

    async fn execute(&self, marks: &[ForkMark]) -> Vec<Result<(), Error>> {
        let statement = |mark: &ForkMark| {
            let message = doc! {"_id": mark.message.to_string(), "branch": mark.branch.to_string()};
            statement(message, doc! {"$set": {"forked": true}})
        };
        let updated = update_repeatably(&self.0, "messages", marks.iter().map(statement).collect()).await;
        let outcome = |index| updated.as_ref().map_err(clone_error)?.statement(index);
        (0..marks.len()).map(outcome).collect()
    }
}
