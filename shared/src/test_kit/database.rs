//! A database for one test: files in a folder of their own, or a database on the PostgreSQL of `TEST_DATABASE_URL`.

use crate::config::Env;
use crate::ids::DeliveryId;
use reqwest::Url;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A database that is gone when this is dropped.
#[derive(Debug)]
pub enum TestDatabase {
    /// A folder with a file for each service.
    Sqlite(TempDir),
    /// A database, in which each service has a schema.
    Postgres {
        /// The URL of the test's own database.
        url: Url,
        /// The URL by which it was made.
        server: Url,
    },
}

impl TestDatabase {
    /// Makes an empty database.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn create() -> Self {
        let Some(server) = Env::of_process().get("TEST_DATABASE_URL").map(str::to_owned) else {
            return Self::Sqlite(tempfile::tempdir().expect("a temporary folder"));
        };
        let server: Url = server.parse().expect("TEST_DATABASE_URL is a URL");
        let name = format!("test_{}", DeliveryId::generate().as_uuid().simple());
        execute(&server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        let mut url = server.clone();
        url.set_path(&name);
        Self::Postgres { url, server }
    }

    /// The `DATABASE_URL` for a service.
    pub fn url(&self, service: &str) -> SecretString {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", folder.path().join(service).display()).into(),
            Self::Postgres { url, .. } => url.to_string().into(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let Self::Postgres { url, server } = self else {
            return;
        };
        let drop = format!("DROP DATABASE {} WITH (FORCE)", url.path().trim_start_matches('/'));
        let server = server.clone();
        // A runtime of its own, because the test's may be the one that drops this.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(execute(&server, &drop));
        });
        let dropped = dropped.join().is_ok();
        assert!(dropped || std::thread::panicking(), "the test's database was not dropped");
    }
}

async fn execute(server: &Url, statement: &str) {
    let (client, connection) =
        tokio_postgres::connect(server.as_str(), NoTls).await.expect("TEST_DATABASE_URL answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.expect("a statement of the test kit succeeds");
    drop(client);
    drop(connection.await);
}
