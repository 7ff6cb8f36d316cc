//! What all operations on SQL share: the pool, and the queue for rows before it.

use crate::error::Error;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use shared::check::Report;
use shared::clock::Clock;
use shared::error::StartError;
use shared::ids::BranchId;
use shared::service::Service;
use shared::tasks::Tasks;
use shared::undo_window::UndoWindow;
use shared_store::{KeyedSemaphore, Migrations, Session, Store, StoreError, embed_store_migrations};
use shared_web::body_limits::MemoryBudget;
use shared_web::metrics::Metrics;
use std::time::Duration;

/// The writers of one row that may be in a batch of SQLite, lest a line with many writers delay the others.
const MAX_WRITERS_OF_ROW_IN_BATCH: usize = 4;
/// The schema on PostgreSQL.
const SCHEMA: &str = "branch";
const MIGRATIONS: Migrations = embed_store_migrations!();

/// Reports on the database of `DATABASE_URL`, and changes nothing.
pub async fn inspect(report: &mut Report, url: &SecretString) {
    shared_store::inspect(report, SCHEMA, url, MIGRATIONS).await;
}

/// Messages and branches in SQL.
#[derive(Debug, Clone)]
pub struct SqlEngine {
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// One writer of a row at a time takes a connection to PostgreSQL; a few are in a batch of SQLite.
    row_semaphore: KeyedSemaphore<BranchId>,
    pub(super) tasks: Tasks,
    /// Bounds the texts of pages in flight.
    pub(super) memory: MemoryBudget,
    pub(super) undo_window: UndoWindow,
}

impl SqlEngine {
    /// Connects to the database of `DATABASE_URL` and runs the migrations. Transactions run in `tasks`, to their end.
    pub(crate) async fn open(
        url: &SecretString,
        statement_timeout: Duration,
        clock: Clock,
        tasks: &Tasks,
        memory: MemoryBudget,
        undo_window: UndoWindow,
    ) -> Result<Self, StartError> {
        let store = Store::open(url, SCHEMA, MIGRATIONS, statement_timeout).await?;
        let writers_of_row = if matches!(store, Store::Sqlite(_)) { MAX_WRITERS_OF_ROW_IN_BATCH } else { 1 };
        let row_semaphore = KeyedSemaphore::new(writers_of_row);
        Ok(Self { store, clock, row_semaphore, tasks: tasks.clone(), memory, undo_window })
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        Ok(self.store.check().await?)
    }

    pub(crate) fn observe(&self, metrics: &Metrics) {
        let store = self.store.clone();
        metrics.observe_pools(Service::Branch, move || store.pools());
        let store = self.store.clone();
        metrics.observe_commits(Service::Branch, move || store.commits());
    }

    /// Runs a transaction once it is first in the queues of the rows that it locks, the trunk's row first. A client that
    /// disconnects before leaves the queues. One that disconnects later stops nothing, lest the database keep the locks until
    /// it notices.
    pub(super) async fn write<T, E>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        transaction: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_sized(rows, 0, transaction).await
    }

    /// As [`Self::write`], for a transaction that writes so many bytes of texts.
    pub(super) async fn write_sized<T, E>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        bytes: usize,
        transaction: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.run_in_turn(rows, move |store| async move { store.write_sized(bytes, transaction).await }).await
    }

    /// As [`Self::write`], for an operation that writes so many bytes of texts, and on PostgreSQL is one statement.
    pub(super) async fn write_statement<T, E>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        bytes: usize,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let write = |store: Store| async move { store.write_statement_sized(bytes, operation).await };
        self.run_in_turn(rows, write).await
    }

    async fn run_in_turn<T, E, F>(
        &self,
        rows: impl IntoIterator<Item = BranchId>,
        write: impl FnOnce(Store) -> F,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut permits = Vec::new();
        for row in rows {
            permits.push(self.row_semaphore.acquire(row).await?);
        }
        let write = write(self.store.clone());
        if matches!(self.store, Store::Sqlite(_)) {
            // What the thread has begun goes on by itself.
            return write.await;
        }
        let work = self.tasks.spawn(async move {
            let done = write.await;
            drop(permits);
            done
        });
        work.await.unwrap_or_else(|error| Err(StoreError::Failed(error.into()).into()))
    }
}
