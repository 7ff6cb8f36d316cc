//! The state that all operations share, and the queue for rows before the pool.

use shared::clock::Clock;
use shared::ids::BranchId;
use shared::tasks::Tasks;
use shared_store::{KeyedMutex, Store, StoreError};
use shared_web::body_limits::MemoryBudget;

/// Messages and branches in SQL.
#[derive(Debug, Clone)]
pub struct SqlContent {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) row_mutex: KeyedMutex<BranchId>,
    pub(super) tasks: Tasks,
    /// Bounds the texts of pages in flight.
    pub(super) memory: MemoryBudget,
}

impl SqlContent {
    /// Runs a transaction once it is first in the queues of the rows that it locks, the trunk's row first. A client that
    /// disconnects before leaves the queues. One that disconnects later stops nothing, lest the database keep the locks until
    /// it notices.
    pub(super) async fn run_with_row_mutexes<T, E, W>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        transaction: impl FnOnce(Self) -> W,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut guards = Vec::new();
        for row in rows {
            guards.push(self.row_mutex.lock(row).await?);
        }
        let transaction = transaction(self.clone());
        let work = self.tasks.spawn(async move {
            let done = transaction.await;
            drop(guards);
            done
        });
        work.await.unwrap_or_else(|error| Err(StoreError::Failed(error.into()).into()))
    }
}
