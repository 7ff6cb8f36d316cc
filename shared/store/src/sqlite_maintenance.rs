//! The maintenance of a SQLite file: incremental vacuum, truncation of the write-ahead log, and a check whether it is writable.

use super::last_write::LastWrite;
use crate::error::StoreError;
use crate::store::{AsyncSqlite, Store, checkout};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{RunQueryDsl as _, SimpleAsyncConnection as _};
use shared::error::StoreFault;
use shared::error::causes;
use shared::tasks::Tasks;
use std::time::Duration;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::store::sqlite_maintenance";
/// Pages that a step of incremental vacuum frees: 1 MiB, which delays no writer.
const PAGES_PER_STEP: u32 = 256;
/// The pause between two steps, in which other writers run.
const PAUSE_BETWEEN_STEPS: Duration = Duration::from_millis(5);
/// The interval of looking for free pages.
const RECLAIM_INTERVAL: Duration = Duration::from_secs(60);
/// The free pages that incremental vacuum can free: none in a file without `auto_vacuum`.
const FREE_PAGES: &str =
    "(SELECT freelist_count FROM pragma_freelist_count, pragma_auto_vacuum WHERE auto_vacuum = 2)";
const TRUNCATE_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE);";
/// Writes as much as a large message, into a table that is dropped again.
const WRITE_PROBE: &str = "DROP TABLE IF EXISTS write_probe; CREATE TABLE write_probe (space BLOB); \
                           INSERT INTO write_probe VALUES (zeroblob(65536));";

impl Store {
    /// Checks that the file is writable: a write can begin, and if the last one failed, a probe succeeds.
    pub(super) async fn check_writes(
        &self,
        writer: &Pool<AsyncSqlite>,
        maintenance: &Pool<AsyncSqlite>,
        last_write: &LastWrite,
    ) -> Result<(), StoreError> {
        let last = last_write.fault();
        let mut connection = checkout(maintenance.get()).await?;
        let begun = connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK").await.map_err(StoreError::from);
        drop(connection);
        match (begun, last) {
            // This process holds the lock.
            (Err(StoreError::Locked(_)), None) if writer.status().available == 0 => Ok(()),
            (Err(error), _) => Err(error),
            (Ok(()), None) => Ok(()),
            (Ok(()), Some(StoreFault::Locked)) => {
                last_write.record(None);
                Ok(())
            }
            (Ok(()), Some(_)) => self.probe_write().await,
        }
    }

    async fn probe_write(&self) -> Result<(), StoreError> {
        for statements in [WRITE_PROBE, "DROP TABLE write_probe"] {
            self.execute_on_writer(statements).await?;
        }
        Ok(())
    }

    async fn execute_on_writer(&self, statements: &str) -> Result<(), StoreError> {
        crate::tx!(self, |c| Ok(c.batch_execute(statements).await?))
    }

    /// Frees some pages of deleted rows, and returns whether there are more. The last step truncates the write-ahead log, which holds
    /// the rows as they were before.
    ///
    /// PostgreSQL does that by itself (autovacuum).
    pub async fn reclaim(&self) -> Result<bool, StoreError> {
        let Self::Sqlite { writer, maintenance, .. } = self else { return Ok(false) };
        let free = diesel::dsl::sql::<diesel::sql_types::Nullable<BigInt>>(FREE_PAGES);
        let free: Option<i64> = crate::on!(self, |c| diesel::select(free).get_result(c).await)?;
        if free.is_some_and(|pages| pages > 0) {
            let mut connection = checkout(writer.get()).await?;
            connection.batch_execute(&format!("PRAGMA incremental_vacuum({PAGES_PER_STEP})")).await?;
            return Ok(true);
        }
        let mut connection = checkout(maintenance.get()).await?;
        // While there are readers of the log, it stays until the next step.
        connection.batch_execute(TRUNCATE_LOG).await?;
        Ok(false)
    }

    /// Frees pages periodically until the service stops.
    pub fn spawn_reclaim(&self, tasks: &Tasks) {
        if matches!(self, Self::Postgres(_)) {
            return;
        }
        let store = self.clone();
        tasks.every_while_busy(RECLAIM_INTERVAL, PAUSE_BETWEEN_STEPS, move || {
            let store = store.clone();
            async move {
                store.reclaim().await.unwrap_or_else(|error| {
                    let error = causes(&error);
                    tracing::warn!(target: LOG_TARGET, error, "the space of deleted rows is not given back");
                    false
                })
            }
        });
    }
}

/// Rewrites a file without `auto_vacuum`, unless that would delay the start for long.
pub(super) fn convert(connection: &mut SqliteConnection, path: &str, max_bytes: i64) {
    let converted = (|| {
        if pragma(connection, "auto_vacuum")? != 0 {
            return Ok(());
        }
        let bytes = pragma(connection, "page_count")?.saturating_mul(pragma(connection, "page_size")?);
        if bytes >= max_bytes {
            tracing::warn!(target: LOG_TARGET, path, bytes, "{}", TOO_LARGE_TO_REWRITE);
            return Ok(());
        }
        tracing::info!(target: LOG_TARGET, path, bytes, "the file is rewritten once, so that it can shrink from now on");
        rewrite(connection)
    })();
    if let Err(error) = converted {
        tracing::warn!(target: LOG_TARGET, path, error = causes(&error), "the file cannot be rewritten, and will not shrink");
    }
}

const TOO_LARGE_TO_REWRITE: &str = "the file will not shrink, and what was deleted may still be read in it: stop the service, and run \
                         `banyan compact`, or `PRAGMA auto_vacuum = 2; VACUUM` in SQLite's shell";

/// Rewrites the file without free pages.
pub(super) fn rewrite(connection: &mut SqliteConnection) -> QueryResult<()> {
    connection.batch_execute(&format!("PRAGMA auto_vacuum = INCREMENTAL; VACUUM; {TRUNCATE_LOG}"))
}

pub(super) fn pragma(connection: &mut SqliteConnection, name: &str) -> QueryResult<i64> {
    let value = diesel::dsl::sql::<BigInt>(&format!("(SELECT {name} FROM pragma_{name})"));
    diesel::RunQueryDsl::get_result(diesel::select(value), connection)
}
