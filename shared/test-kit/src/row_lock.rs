//! Row locks of PostgreSQL that another transaction holds.

use crate::database::TestDatabase;
use tokio_postgres::Client;

/// A transaction that holds the locks of all present rows of a table, until it is dropped.
#[derive(Debug)]
pub struct RowLock {
    /// The transaction ends with the connection.
    _holder: Client,
    watcher: Client,
}

impl RowLock {
    /// Locks the rows of `table`, which is named with its schema; `None` on other engines than PostgreSQL, which have no row locks.
    ///
    /// # Panics
    /// If that fails.
    pub async fn of(database: &TestDatabase, table: &str) -> Option<Self> {
        let (holder, watcher) = (database.connect_postgres().await?, database.connect_postgres().await?);
        let lock = format!("BEGIN; SELECT 1 FROM {table} FOR UPDATE");
        holder.batch_execute(&lock).await.expect("the rows are there to be locked");
        Some(Self { _holder: holder, watcher })
    }

    /// The number of connections that wait for a lock.
    ///
    /// # Panics
    /// If the query fails.
    pub async fn waiting(&self) -> i64 {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.watcher.query_one(waiting, &[]).await.expect("the server tells who waits").get(0)
    }

    /// Waits until a connection waits for a lock.
    pub async fn wait_for_waiter(&self) {
        while self.waiting().await == 0 {
            tokio::task::yield_now().await;
        }
    }
}
