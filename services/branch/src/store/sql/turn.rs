//! Queueing for rows before the pool.

use super::SqlContent;
use shared::ids::BranchId;
use shared::store::StoreError;

impl SqlContent {
    /// Runs a transaction that locks these rows, a trunk's before another's, when it is its turn. A client that leaves
    /// before gives up its turn; one that leaves later stops nothing, lest the database keep the lock for a while.
    pub(super) async fn in_turn<T, E, W>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        transaction: impl FnOnce(Self) -> W,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        W: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut turns = Vec::new();
        for row in rows {
            turns.push(self.rows.lock(row).await?);
        }
        let transaction = transaction(self.clone());
        let work = self.tasks.spawn(async move {
            let done = transaction.await;
            drop(turns);
            done
        });
        work.await.unwrap_or_else(|error| Err(StoreError::Failed(error.into()).into()))
    }
}
