//! What all operations on MongoDB share: connection, collections, append queue, write-behind.

use crate::error::Error;
use crate::store::mongo::append::batcher::InsertBatcher;
use crate::store::mongo::append::queue::AppendQueue;
use crate::store::mongo::batcher::Batcher;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::client::pool_metrics::PoolGauges;
use crate::store::mongo::client::{connect, migrate};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::branch_cache::BranchCache;
use crate::store::mongo::read::branch_loader::BranchLoader;
use crate::store::mongo::read::data_loader::DataLoader;
use crate::store::mongo::read::forked_message::ForkedMessageLoader;
use crate::store::mongo::tree::activation::ActivateBranches;
use crate::store::mongo::tree::fork_batches::{InsertForks, MarkAsForked};
use crate::store::mongo::write_behind::WriteBehind;
use mongodb::{Collection, Database};
use secrecy::SecretString;
use shared::clock::Clock;
use shared::error::StartError;
use shared::service::Service;
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_web::body_limits::MemoryBudget;
use shared_web::metrics::Metrics;
use std::sync::Arc;

/// Messages and branches in MongoDB.
#[derive(Debug)]
pub(crate) struct MongoEngine {
    pub(super) database: Database,
    pub(super) connections: Arc<PoolGauges>,
    pub(super) branches: Collection<BranchDoc>,
    pub(super) messages: Collection<MessageDoc>,
    pub(super) append_queue: AppendQueue,
    pub(super) insert_batcher: InsertBatcher,
    pub(super) activations: Batcher<ActivateBranches>,
    pub(super) fork_inserts: Batcher<InsertForks>,
    pub(super) fork_marks: Batcher<MarkAsForked>,
    pub(super) branch_loader: DataLoader<BranchLoader>,
    pub(super) forked_messages: DataLoader<ForkedMessageLoader>,
    pub(super) branch_cache: BranchCache,
    pub(super) write_behind: WriteBehind,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    /// Bounds the texts of pages in flight.
    pub(super) memory: MemoryBudget,
    pub(super) undo_window: UndoWindow,
}

impl MongoEngine {
    /// Connects to the server of `MONGO_URL`, runs the migrations, and starts the write-behind in `tasks`.
    pub(crate) async fn open(
        url: &SecretString,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
        undo_window: UndoWindow,
    ) -> Result<Self, StartError> {
        let connections = Arc::default();
        let database = connect::connect(url, &connections).await?;
        migrate::migrate(&database, &clock).await?;
        let (branches, messages) = (database.collection("branches"), database.collection("messages"));
        let activate_branches =
            ActivateBranches { database: database.clone(), branches: branches.clone(), clock: clock.clone() };
        Ok(Self {
            activations: Batcher::new(activate_branches, tasks),
            fork_inserts: Batcher::new(InsertForks(branches.clone_with_type()), tasks),
            fork_marks: Batcher::new(MarkAsForked(database.clone()), tasks),
            insert_batcher: InsertBatcher::new(&messages, &branches, tasks),
            branch_loader: DataLoader::new(BranchLoader(branches.clone()), tasks),
            forked_messages: DataLoader::new(ForkedMessageLoader::new(&messages), tasks),
            branches,
            messages,
            write_behind: WriteBehind::spawn(database.clone(), tasks),
            append_queue: AppendQueue::new(),
            branch_cache: BranchCache::new(),
            tasks: tasks.clone(),
            database,
            connections,
            clock,
            memory,
            undo_window,
        })
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        connect::ping(&self.database).await
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        let connections = Arc::clone(&self.connections);
        metrics.observe(move |readings| readings.pool(Service::Branch, &connections.state()));
    }

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
