//! The state that all operations share: connection, collections, append queue, write-behind.

use crate::error::Error;
use crate::store::mongo::append::queue::AppendQueue;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::client::pool_metrics::PoolGauges;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::write_behind::WriteBehind;
use mongodb::{Collection, Database};
use shared::clock::Clock;
use shared::tasks::Tasks;
use shared_web::body_limits::MemoryBudget;
use std::sync::Arc;

/// Messages and branches in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoContent {
    pub(super) database: Database,
    pub(super) connections: Arc<PoolGauges>,
    pub(super) branches: Collection<BranchDoc>,
    pub(super) messages: Collection<MessageDoc>,
    pub(super) append_queue: AppendQueue,
    pub(super) write_behind: WriteBehind,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    /// Bounds the texts of pages in flight.
    pub(super) memory: MemoryBudget,
}

impl MongoContent {
    /// Runs work of several writes to its end, also if the client disconnects.
    pub(super) async fn run_to_completion<T, W>(
        self: &Arc<Self>,
        work: impl FnOnce(Arc<Self>) -> W,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let work = self.tasks.spawn(work(Arc::clone(self)));
        work.await.unwrap_or_else(|error| Err(broken(error)))
    }
}
