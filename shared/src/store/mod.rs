//! One store over two SQL engines. The URL's scheme picks the engine when the service starts; both are always compiled.
//!
//! A query is written once, in the body of [`on!`](crate::on) or [`tx!`](crate::tx), which compile it for both. On PostgreSQL each service
//! keeps its tables in a schema of its own name, on SQLite in a file of its own.

mod connect_failure;
mod error;
mod inspect;
mod keyed_mutex;
mod migrate;
mod observe;
pub mod outbox;
mod pg_stream;
mod pg_tls;
mod postgres;
pub mod private;
pub mod sql_types;
mod sqlite;
mod sqlite_error;
mod sqlite_maintenance;
mod sqlstate;
mod tls;

pub use error::StoreError;
pub use inspect::inspect;
pub use keyed_mutex::{KeyGuard, KeyedMutex};
pub use migrate::Migrations;
pub use sqlite::{compact, compact_database, is_missing, missing_file};
pub use sqlite_maintenance::Maintenance;

use crate::config::ConfigError;
use crate::server::StartError;
use diesel::SqliteConnection;
use diesel::sql_types::{Integer, Text};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use secrecy::{ExposeSecret as _, SecretString};
use std::future::Future;
use std::time::Duration;

/// How long a query waits for a connection to become free before it gives up.
const POOL_TIMEOUT: Duration = Duration::from_secs(5);

/// The file descriptors that a store holds at most: 16 connections of PostgreSQL, or 5 of SQLite with two files each; and
/// some that are opened for a moment.
pub const MAX_DESCRIPTORS: u64 = 20;

/// Which database a URL leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Postgres,
    Sqlite,
}

impl Engine {
    /// Reads the scheme of a `DATABASE_URL`.
    fn of(url: &SecretString) -> Result<Self, ConfigError> {
        let expected = "a URL that begins with postgresql:// or sqlite:";
        let Some((scheme, _)) = url.expose_secret().split_once(':') else {
            return Err(ConfigError::new("DATABASE_URL", format!("is no URL; expected {expected}")));
        };
        match scheme.split_once('+').map_or((scheme, None), |(engine, driver)| (engine, Some(driver))) {
            ("postgres" | "postgresql", _) => Ok(Self::Postgres),
            ("sqlite", None) => Ok(Self::Sqlite),
            _ => {
                Err(ConfigError::new("DATABASE_URL", format!("names an unknown engine; expected {expected}")))
            }
        }
    }
}

/// A connection to SQLite whose queries run off the async threads.
pub type Lite = SyncConnectionWrapper<SqliteConnection>;

/// A database. Cheap to clone.
#[derive(Clone)]
pub enum Store {
    /// A pool of connections.
    Postgres(Pool<AsyncPgConnection>),
    /// One connection that writes, and several that read: writers who share a pool starve each other.
    Sqlite {
        /// Used by [`tx!`](crate::tx).
        writer: Pool<Lite>,
        /// Used by [`on!`](crate::on).
        readers: Pool<Lite>,
        /// One that looks after the file, and waits for others but a second.
        upkeep: Pool<Lite>,
        /// How the last write has ended.
        maintenance: Maintenance,
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
    /// Connects to `url`, the value of the variable `DATABASE_URL`, and brings the tables of the service `schema` up
    /// to date. A statement may take as long as `patience` on PostgreSQL, which breaks it off then. (On SQLite it waits for who else
    /// writes, for 5 s.)
    pub async fn open(
        url: &SecretString,
        schema: &'static str,
        migrations: Migrations,
        patience: Duration,
    ) -> Result<Self, StartError> {
        match Engine::of(url)? {
            Engine::Postgres => {
                postgres::open(url.expose_secret(), schema, migrations.postgres, patience).await
            }
            Engine::Sqlite => sqlite::open(url.expose_secret(), migrations.sqlite).await,
        }
    }

    /// Asks the database whether it answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let one = diesel::select(diesel::dsl::sql::<Integer>("1"));
        crate::on!(self, |c| one.execute(c).await).map(drop)
    }

    /// Asks the database whether it answers, and whether it takes writes.
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
            Self::Sqlite { writer, upkeep, maintenance, .. } => {
                self.ping().await?;
                self.check_writes(writer, upkeep, maintenance).await
            }
        }
    }
}

/// Waits for a connection from a pool, but not for ever. Used by the macros.
pub async fn checkout<T, E>(connection: impl Future<Output = Result<T, E>>) -> Result<T, StoreError>
where
    StoreError: From<E>,
{
    match tokio::time::timeout(POOL_TIMEOUT, connection).await {
        Ok(connection) => connection.map_err(StoreError::from),
        Err(_) => Err(StoreError::Unavailable("no connection became free in time".into())),
    }
}

/// Reads: `on!(store, |c| query.load(c).await)` gives `Result<_, StoreError>`.
///
/// The body is compiled for both engines. On SQLite it gets a connection that can only read.
#[macro_export]
macro_rules! on {
    ($store:expr, |$c:ident| $body:expr) => {
        match $store {
            $crate::store::Store::Postgres(pool) => {
                let mut connection = $crate::store::checkout(pool.get()).await?;
                let $c = &mut *connection;
                ($body).map_err($crate::store::StoreError::from)
            }
            $crate::store::Store::Sqlite { readers, .. } => {
                let mut connection = $crate::store::checkout(readers.get()).await?;
                let $c = &mut *connection;
                ($body).map_err($crate::store::StoreError::from)
            }
        }
    };
}

/// A transaction that may write: `tx!(store, |c| { ... Ok(value) })`. It is committed on `Ok` and rolled back on `Err`.
///
/// The body's error is any that is made from diesel's and from [`StoreError`]. What must be kept though the request
/// fails is an `Ok` value that becomes an error after the commit. `for_update` does not compile for SQLite: begin with
/// an UPDATE of the row, which is the lock on both engines.
#[macro_export]
macro_rules! tx {
    ($store:expr, |$c:ident| $body:expr) => {
        match $store {
            $crate::store::Store::Postgres(pool) => {
                let mut connection = $crate::store::checkout(pool.get()).await?;
                ::diesel_async::AsyncConnection::transaction(&mut *connection, async |$c| $body).await
            }
            $crate::store::Store::Sqlite { writer, .. } => {
                let mut connection = $crate::store::checkout(writer.get()).await?;
                // SQLite itself rolls back where the disk is full, and then diesel tells that it cannot, and not why.
                let mut refused = None;
                let done = connection.immediate_transaction(async |connection| {
                    let attempted = async {
                        let $c = &mut *connection;
                        $body
                    };
                    attempted.await.map_err(|error| {
                        refused = Some(error);
                        ::diesel::result::Error::RollbackTransaction
                    })
                });
                let done = done.await;
                refused.map_or_else(|| done.map_err(::std::convert::Into::into), Err)
            }
        }
    };
}
