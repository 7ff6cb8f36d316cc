//! The store: the pools of connections.

use super::last_write::LastWrite;
use crate::error::StoreError;
use diesel::SqliteConnection;
use diesel::sql_types::{Integer, Text};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared::error::StoreFailure;
use std::future::Future;
use std::time::Duration;

/// The time-out of waiting for a free connection.
pub(crate) const POOL_TIMEOUT: Duration = Duration::from_secs(5);

/// The most file descriptors of a store: 16 connections to PostgreSQL, or 6 to SQLite with two files each, and a few of short life.
pub const MAX_DESCRIPTORS: u64 = 20;

/// A connection to SQLite whose queries run on threads for blocking work.
pub type AsyncSqlite = SyncConnectionWrapper<SqliteConnection>;

/// A database. Cheap to clone.
#[derive(Clone)]
pub enum Store {
    /// A pool of connections.
    Postgres(Pool<AsyncPgConnection>),
    /// One writer and several readers: writers of one pool would starve each other.
    Sqlite {
        /// Used by [`tx!`](crate::tx).
        writer: Pool<AsyncSqlite>,
        /// Used by [`on!`](crate::on).
        readers: Pool<AsyncSqlite>,
        /// One connection for maintenance, with a lock time-out of 1 s.
        maintenance: Pool<AsyncSqlite>,
        /// The result of the last write.
        last_write: LastWrite,
    },
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Store::Postgres",
            Self::Sqlite { .. } => "Store::Sqlite",
        })
    }
}

impl Store {
    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let one = diesel::select(diesel::dsl::sql::<Integer>("1"));
        crate::on!(self, |c| one.execute(c).await).map(drop)
    }

    /// [`Self::check`] as a probe of readiness.
    pub fn readiness_check(self) -> impl Fn() -> BoxFuture<'static, Result<(), StoreFailure>> {
        move || {
            let store = self.clone();
            async move { store.check().await.map_err(|error| error.failure()) }.boxed()
        }
    }

    /// Checks that the database answers and is writable.
    pub async fn check(&self) -> Result<(), StoreError> {
        match self {
            Self::Postgres(_) => {
                let setting = diesel::dsl::sql::<Text>("current_setting('transaction_read_only')");
                let read_only: String = crate::on!(self, |c| diesel::select(setting).get_result(c).await)?;
                if read_only == "on" {
                    return Err(StoreError::ReadOnly("the server takes no writes".into()));
                }
                Ok(())
            }
            Self::Sqlite { writer, maintenance, last_write, .. } => {
                self.ping().await?;
                self.check_writes(writer, maintenance, last_write).await
            }
        }
    }
}

/// Waits for a connection of a pool, up to the time-out. Used by the macros.
pub async fn checkout<T, E>(connection: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(POOL_TIMEOUT, connection).await {
        Ok(connection) => connection.map_err(StoreError::from),
        Err(_) => Err(StoreError::Unavailable("no connection became free in time".into())),
    }
}
