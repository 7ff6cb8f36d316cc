//! The connection on which an operation runs.

use crate::error::StoreError;
use crate::run_query::RunQueryDsl as _;
use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager as _};
use diesel::sql_types::Bool;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Object;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection as _, TransactionManager};

/// Takes the advisory lock of the service, by its schema, until the end of the transaction (`PostgreSQL` manual, 13.3.5). The first
/// number says that it is Banyan's.
const TRY_ADVISORY_LOCK: &str =
    "pg_try_advisory_xact_lock(x'62616e79'::int, current_schema()::regnamespace::oid::int)";

type PostgresTransactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// A connection to one of the two engines: the argument of an operation, and of [`on!`](crate::on).
#[expect(clippy::large_enum_variant, reason = "it is lent to an operation, and hardly moved")]
pub enum Session {
    /// A connection of the pool.
    Postgres(Object<AsyncPgConnection>),
    /// The connection of a thread.
    Sqlite(SqliteConnection),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Session::Postgres",
            Self::Sqlite(_) => "Session::Sqlite",
        })
    }
}

impl Session {
    /// Executes statements without parameters, separated by semicolons.
    pub async fn batch_execute(&mut self, statements: &str) -> Result<(), StoreError> {
        let executed = match self {
            Self::Postgres(c) => c.batch_execute(statements).await,
            Self::Sqlite(c) => SimpleConnection::batch_execute(c, statements),
        };
        executed.map_err(StoreError::from)
    }

    /// Takes the advisory lock of the service, which all replicas share, until the end of the transaction. False if another transaction
    /// has it. A transaction on SQLite runs by itself in any case.
    pub(crate) async fn try_advisory_lock(&mut self) -> Result<bool, StoreError> {
        match self {
            Self::Postgres(c) => {
                let lock = diesel::select(diesel::dsl::sql::<Bool>(TRY_ADVISORY_LOCK));
                Ok(lock.get_result(&mut **c).await?)
            }
            Self::Sqlite(_) => Ok(true),
        }
    }

    /// Begins a transaction, or a savepoint within one. A transaction on SQLite takes the lock of writers at once.
    pub(crate) async fn begin(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::begin_transaction(&mut **c).await,
            Self::Sqlite(c) => begin_on_sqlite(c),
        }
    }

    /// Commits the transaction, or releases the innermost savepoint.
    pub(crate) async fn commit(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::commit_transaction(&mut **c).await,
            Self::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
        }
    }

    /// Rolls the transaction back, or what was done since the innermost savepoint.
    pub(crate) async fn rollback(&mut self) -> QueryResult<()> {
        match self {
            Self::Postgres(c) => PostgresTransactions::rollback_transaction(&mut **c).await,
            Self::Sqlite(c) => AnsiTransactionManager::rollback_transaction(c),
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
