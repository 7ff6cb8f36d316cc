//! The connection on which an operation runs.

use crate::error::StoreError;
use diesel::connection::{AnsiTransactionManager, TransactionManager as _};
use diesel::{QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper};
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};
use futures_util::future::{BoxFuture, Ready, ready};
use std::error::Error;

/// Runs a statement where it is called, so that the future of a query is ready at its first poll.
#[derive(Debug, Clone, Copy)]
pub struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, Box<dyn Error + Send + Sync>>> {
        Box::pin(ready(Ok(task())))
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A connection to SQLite on a thread that may wait for the disk.
pub type SqliteSession = SyncConnectionWrapper<SqliteConnection, Inline>;

/// A connection to SQLite whose statements run on threads for blocking work.
pub type AsyncSqlite = SyncConnectionWrapper<SqliteConnection>;

type PostgresTransactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// A connection to one of the two engines: the argument of an operation, and of [`on!`](crate::on).
#[expect(clippy::large_enum_variant, reason = "it is lent to an operation, and hardly moved")]
pub enum Session {
    /// A connection of the pool.
    Postgres(Object<AsyncPgConnection>),
    /// The connection of a thread.
    Sqlite(SqliteSession),
    #[doc(hidden)]
    Legacy(Object<AsyncSqlite>),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Session::Postgres",
            Self::Sqlite(_) | Self::Legacy(_) => "Session::Sqlite",
        })
    }
}

impl Session {
    #[doc(hidden)]
    pub fn session(&mut self) -> Ready<Result<&mut Self, StoreError>> {
        ready(Ok(self))
    }

    /// Begins a transaction, or a savepoint within one. A transaction on SQLite takes the lock of writers at once.
    pub(crate) async fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::begin_transaction(&mut **c).await,
            Self::Sqlite(c) => c.spawn_blocking(begin_on_sqlite).await,
            Self::Legacy(_) => Err(diesel::result::Error::NotInTransaction),
        }
    }

    /// Commits the transaction, or releases the innermost savepoint.
    pub(crate) async fn commit(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::commit_transaction(&mut **c).await,
            Self::Sqlite(c) => c.spawn_blocking(AnsiTransactionManager::commit_transaction).await,
            Self::Legacy(_) => Err(diesel::result::Error::NotInTransaction),
        }
    }

    /// Rolls the transaction back, or what was done since the innermost savepoint.
    pub(crate) async fn rollback(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::rollback_transaction(&mut **c).await,
            Self::Sqlite(c) => c.spawn_blocking(AnsiTransactionManager::rollback_transaction).await,
            Self::Legacy(_) => Err(diesel::result::Error::NotInTransaction),
        }
    }
}

fn begin_on_sqlite(connection: &mut SqliteConnection) -> QueryResult<()> {
    if depth(connection)? == 0 {
        return AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE");
    }
    AnsiTransactionManager::begin_transaction(connection)
}

/// The number of open transactions: one, and its savepoints. An error if the state of the connection is not known.
pub(crate) fn depth(connection: &mut SqliteConnection) -> QueryResult<u32> {
    let status = AnsiTransactionManager::transaction_manager_status_mut(connection);
    Ok(status.transaction_depth()?.map_or(0, std::num::NonZeroU32::get))
}
