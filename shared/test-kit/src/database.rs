//! A database for one test: SQLite files in a temporary folder, a database on the PostgreSQL of `TEST_DATABASE_URL`, or, with the
//! feature `mongo`, one on the MongoDB of `TEST_MONGO_URL`.

use reqwest::Url;
use secrecy::SecretString;
use shared::env::Env;
use shared::ids::DeliveryId;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

/// The variables of the servers' URLs.
const POSTGRES: &str = "TEST_DATABASE_URL";
#[cfg(feature = "mongo")]
const MONGO: &str = "TEST_MONGO_URL";

/// A database that is dropped with this value.
#[derive(Debug)]
pub enum TestDatabase {
    /// A temporary folder with a file for each service.
    Sqlite(TempDir),
    /// A database with a schema for each service.
    Postgres {
        /// The URL of the test's own database.
        url: Url,
        /// The URL of the server's own database.
        server: Url,
    },
    /// A document database.
    #[cfg(feature = "mongo")]
    Mongo {
        /// The URL of the test's own database.
        url: Url,
    },
}

impl TestDatabase {
    /// Creates an empty SQL database: on PostgreSQL if `TEST_DATABASE_URL` is set, else on SQLite.
    pub async fn create() -> Self {
        match Self::postgres().await {
            Some(database) => database,
            None => Self::sqlite(),
        }
    }

    /// Creates an empty folder for SQLite.
    ///
    /// # Panics
    /// If that fails.
    pub fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a temporary folder"))
    }

    /// Creates an empty database on PostgreSQL; `None` if `TEST_DATABASE_URL` is not set.
    ///
    /// # Panics
    /// If that fails.
    pub async fn postgres() -> Option<Self> {
        let (server, url, name) = own(POSTGRES)?;
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        Some(Self::Postgres { url, server })
    }

    /// Names an empty database on MongoDB; `None` if `TEST_MONGO_URL` is not set.
    #[cfg(feature = "mongo")]
    pub fn mongo() -> Option<Self> {
        own(MONGO).map(|(_, url, _)| Self::Mongo { url })
    }

    /// A connection of the test itself; `None` on other engines than PostgreSQL.
    ///
    /// # Panics
    /// If the server does not answer.
    pub async fn connect_postgres(&self) -> Option<Client> {
        let Self::Postgres { url, .. } = self else { return None };
        let (client, connection) =
            tokio_postgres::connect(url.as_str(), NoTls).await.expect("TEST_DATABASE_URL answers");
        tokio::spawn(connection);
        Some(client)
    }

    /// Whether `TEST_DATABASE_URL` is set.
    pub fn has_postgres() -> bool {
        Env::of_process().get(POSTGRES).is_some()
    }

    /// Whether `TEST_MONGO_URL` is set.
    #[cfg(feature = "mongo")]
    pub fn has_mongo() -> bool {
        Env::of_process().get(MONGO).is_some()
    }

    /// The `DATABASE_URL` or `MONGO_URL` of a service.
    pub fn url(&self, service: &str) -> SecretString {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join(service).display()).into(),
            Self::Postgres { url, .. } => url.to_string().into(),
            #[cfg(feature = "mongo")]
            Self::Mongo { url } => url.to_string().into(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres { url, server } => {
                let drop = format!("DROP DATABASE {} WITH (FORCE)", url.path().trim_start_matches('/'));
                let server = server.clone();
                run_at_last(async move { execute(&server, &drop).await });
            }
            #[cfg(feature = "mongo")]
            Self::Mongo { url } => {
                let url = url.clone();
                run_at_last(async move { drop_documents(&url).await });
            }
        }
    }
}

/// The URL of a variable, the URL of a new database on that server, and the name of that database.
fn own(variable: &str) -> Option<(Url, Url, String)> {
    let server: Url = Env::of_process().get(variable)?.parse().expect("a variable of the tests is a URL");
    let name = format!("test_{}", DeliveryId::generate().as_uuid().simple());
    let mut url = server.clone();
    url.set_path(&name);
    Some((server, url, name))
}

/// Runs the clean-up of a test on a runtime of its own, because that of the test may be shutting down.
fn run_at_last(work: impl Future<Output = ()> + Send + 'static) {
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work);
    });
    let done = done.join().is_ok();
    assert!(done || std::thread::panicking(), "the test's database was not dropped");
}

async fn execute(server: &Url, statement: &str) {
    let (client, connection) =
        tokio_postgres::connect(server.as_str(), NoTls).await.expect("TEST_DATABASE_URL answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect("a statement of the test kit succeeds");
    drop(client);
    drop(connection.await);
}

#[cfg(feature = "mongo")]
async fn drop_documents(url: &Url) {
    let client = mongodb::Client::with_uri_str(url).await.expect("TEST_MONGO_URL is a URL of MongoDB");
    let database = client.default_database().expect("the URL names the test's database");
    database.drop().await.expect("the test's database is dropped");
    client.shutdown().await;
}
