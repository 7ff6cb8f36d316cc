//! The maintenance of a SQLite file: incremental vacuum, truncation of the write-ahead log, and a check whether it is writable.

use super::sqlite_job::{JobKind, submit};
use super::sqlite_pragmas::{LOCK_TIMEOUT, SHORT_LOCK_TIMEOUT};
use crate::error::StoreError;
use crate::run_query::RunQueryDsl as _;
use crate::store::{SqliteStore, Store};
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;
use diesel::{QueryResult, SqliteConnection};
use futures_util::FutureExt as _;
use shared::error::StoreFault;
use shared::error::causes;
use shared::tasks::Tasks;
use std::time::Duration;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::store::sqlite_maintenance";
/// A step of incremental vacuum frees 1 MiB, which delays no writer.
const FREE_SOME_PAGES: &str = "PRAGMA incremental_vacuum(256)";
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
    pub(super) async fn check_writes(&self, sqlite: &SqliteStore) -> Result<(), StoreError> {
        let SqliteStore { threads, last_write, .. } = sqlite;
        let last = last_write.fault();
        let begun = submit(&threads.lock_probe.jobs, JobKind::Plain, |session| {
            async move { session.batch_execute("BEGIN IMMEDIATE; ROLLBACK").await }.boxed()
        });
        let begun: Result<(), StoreError> = begun.await;
        match (begun, last) {
            // This process holds the lock.
            (Err(StoreError::Locked(_)), None) if threads.writer.is_busy() => Ok(()),
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

    /// Executes statements on SQLite's connection that writes, between two transactions: for what does not run in one. Does nothing
    /// on PostgreSQL.
    pub async fn execute_outside_transaction(&self, statements: &str) -> Result<(), StoreError> {
        let Self::Sqlite(sqlite) = self else { return Ok(()) };
        let statements = statements.to_owned();
        let executed = submit(&sqlite.threads.writer.jobs, JobKind::Plain, move |session| {
            async move { session.batch_execute(&statements).await }.boxed()
        });
        executed.await
    }

    async fn execute_on_writer(&self, statements: &'static str) -> Result<(), StoreError> {
        self.write(move |session| async move { session.batch_execute(statements).await }.boxed()).await
    }

    /// Frees some pages of deleted rows, and returns whether there are more. The last step truncates the write-ahead log, which holds
    /// the rows as they were before.
    ///
    /// PostgreSQL does that by itself (autovacuum).
    pub async fn reclaim(&self) -> Result<bool, StoreError> {
        if matches!(self, Self::Postgres(_)) {
            return Ok(false);
        }
        let free = self.read(|session| {
            let free = diesel::dsl::sql::<diesel::sql_types::Nullable<BigInt>>(FREE_PAGES);
            async move { crate::on!(session, |c| diesel::select(free).get_result(c).await) }.boxed()
        });
        let free: Option<i64> = free.await?;
        if free.is_some_and(|pages| pages > 0) {
            self.execute_on_writer(FREE_SOME_PAGES).await?;
            return Ok(true);
        }
        // While there are readers of the log, it stays until the next step. No writer waits for them as long as for a lock.
        let [short, long] = [SHORT_LOCK_TIMEOUT, LOCK_TIMEOUT];
        let truncated = self.execute_outside_transaction(&format!("{short} {TRUNCATE_LOG}")).await;
        self.execute_outside_transaction(long).await?;
        truncated.map(|()| false)
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
