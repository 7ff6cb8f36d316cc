//! The store: the pools of connections.

use super::last_write::LastWrite;
use super::sqlite_job::{JobKind, submit};
use super::sqlite_threads::Threads;
use crate::error::StoreError;
use crate::pool_timeout::POOL_TIMEOUT;
use crate::run_query::RunQueryDsl as _;
use crate::session::Session;
use diesel::sql_types::{Integer, Text};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared::error::StoreFailure;
use std::future::Future;
use std::sync::Arc;

/// The most file descriptors of a store: 16 connections to PostgreSQL, or 6 to SQLite with two files each, and a few of short life.
pub const MAX_DESCRIPTORS: u64 = 20;

/// A database. Cheap to clone.
#[derive(Clone)]
pub enum Store {
    /// A pool of connections.
    Postgres(Pool<AsyncPgConnection>),
    /// One writer and several readers: writers of one pool would starve each other.
    Sqlite(SqliteStore),
}

/// A SQLite file with its threads.
#[derive(Clone)]
pub struct SqliteStore {
    pub(crate) threads: Arc<Threads>,
    /// The result of the last write.
    pub(crate) last_write: LastWrite,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Postgres(_) => "Store::Postgres",
            Self::Sqlite(_) => "Store::Sqlite",
        })
    }
}

impl Store {
    /// Runs an operation that only reads. What it reads twice may have changed meanwhile.
    ///
    /// On SQLite it is sent as a whole to a thread with a read-only connection, and may wait for nothing but its statements: see
    /// [`Self::write`].
    pub async fn read<T, E>(
        &self,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Postgres(pool) => operation(&mut Session::Postgres(checkout(pool.get()).await?)).await,
            Self::Sqlite(sqlite) => submit(&sqlite.threads.readers.jobs, JobKind::Plain, operation).await,
        }
    }

    /// Runs an operation in a transaction, which is committed on `Ok` and rolled back on `Err`. To commit though the request fails,
    /// return `Ok`, and fail after the commit.
    ///
    /// `for_update` does not compile for SQLite: begin with an UPDATE of the row, which locks it on both engines. On SQLite the
    /// operation is sent as a whole to the thread that writes. It may wait for nothing but its statements: it fails if it is pending
    /// otherwise. Once it is sent it is carried out, also if the caller is dropped.
    pub async fn write<T, E>(
        &self,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_sized(0, operation).await
    }

    /// As [`Self::write`], for an operation that writes texts of `bytes`: on SQLite the operations of a commit write 4 MiB at most.
    pub async fn write_sized<T, E>(
        &self,
        bytes: usize,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let pool = match self {
            Self::Postgres(pool) => pool,
            Self::Sqlite(sqlite) => return sqlite.write(bytes, operation).await,
        };
        let mut session = Session::Postgres(checkout(pool.get()).await?);
        session.begin().await.map_err(StoreError::from)?;
        let result = operation(&mut session).await;
        if result.is_ok() {
            session.commit().await.map_err(StoreError::from)?;
        } else {
            // The pool closes a connection whose rollback failed; the first error tells more.
            drop(session.rollback().await);
        }
        result
    }

    /// As [`Self::write`], unless another operation of the same service runs so, on whichever replica: then `None`, and nothing is
    /// done. It is for what all replicas do in the background, which would lock the same rows in different orders.
    pub async fn write_exclusively<T, E>(
        &self,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<Option<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write(|session| {
            async move {
                if !session.try_advisory_lock().await? {
                    return Ok(None);
                }
                operation(session).await.map(Some)
            }
            .boxed()
        })
        .await
    }

    /// Runs an operation of one statement that writes: as [`Self::write`], but on PostgreSQL without BEGIN and COMMIT around it.
    pub async fn write_statement<T, E>(
        &self,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_statement_sized(0, operation).await
    }

    /// As [`Self::write_statement`], for an operation that writes texts of `bytes`: on SQLite the operations of a commit write 4 MiB
    /// at most, and this one may have several statements.
    pub async fn write_statement_sized<T, E>(
        &self,
        bytes: usize,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        match self {
            Self::Postgres(_) => self.read(operation).await,
            Self::Sqlite(sqlite) => sqlite.write(bytes, operation).await,
        }
    }

    /// Checks that the database answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|session| {
            let one = diesel::select(diesel::dsl::sql::<Integer>("1"));
            async move { crate::on!(session, |c| one.execute(c).await).map(drop) }.boxed()
        })
        .await
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
                let asked = self.read(|session| {
                    let setting = diesel::dsl::sql::<Text>("current_setting('transaction_read_only')");
                    async move { crate::on!(session, |c| diesel::select(setting).get_result(c).await) }
                        .boxed()
                });
                let read_only: String = asked.await?;
                if read_only == "on" {
                    return Err(StoreError::ReadOnly("the server takes no writes".into()));
                }
                Ok(())
            }
            Self::Sqlite(sqlite) => {
                self.ping().await?;
                self.check_writes(sqlite).await
            }
        }
    }
}

impl SqliteStore {
    async fn write<T, E>(
        &self,
        bytes: usize,
        operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        submit(&self.threads.writer.jobs, JobKind::Transaction { bytes }, operation).await
    }
}

/// Waits for a connection of a pool, up to the time-out.
async fn checkout<T, E>(connection: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(POOL_TIMEOUT, connection).await {
        Ok(connection) => connection.map_err(StoreError::from),
        Err(_) => Err(StoreError::Unavailable("no connection became free in time".into())),
    }
}
