//! What the operations share: the connection, the collections, and what is kept in memory.

use crate::error::Error;
use crate::store::mongo::append::queue::Turns;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::client::pool_metrics::Connections;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::write_behind::Behind;
use mongodb::{Collection, Database};
use shared::clock::Clock;
use shared::server::{MemoryBudget, Tasks};
use std::sync::Arc;

/// Messages and branches in MongoDB.
#[derive(Debug)]
pub(crate) struct Mongo {
    pub(super) database: Database,
    pub(super) connections: Arc<Connections>,
    pub(super) branches: Collection<BranchDoc>,
    pub(super) messages: Collection<MessageDoc>,
    pub(super) turns: Turns,
    pub(super) behind: Behind,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    /// For the texts of pages.
    pub(super) memory: MemoryBudget,
}

impl Mongo {
    /// Runs work of several steps to its end, whether the client stays or not.
    pub(super) async fn to_the_end<T, W>(
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
