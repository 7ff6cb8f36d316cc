//! Opening a store.

use super::engine::Engine;
use super::migrate::Migrations;
use super::store::Store;
use super::{postgres, sqlite};
use secrecy::{ExposeSecret as _, SecretString};
use shared::error::StartError;
use std::time::Duration;

impl Store {
    /// Connects to `url`, the value of `DATABASE_URL`, and migrates the tables of the service `schema`. `statement_timeout` is that of
    /// PostgreSQL. (A statement on SQLite waits up to 5 s for another writer.)
    pub async fn open(
        url: &SecretString,
        schema: &'static str,
        migrations: Migrations,
        statement_timeout: Duration,
    ) -> Result<Self, StartError> {
        match Engine::of(url)? {
            Engine::Postgres => {
                postgres::open(url.expose_secret(), schema, migrations.postgres, statement_timeout).await
            }
            Engine::Sqlite => sqlite::open(url.expose_secret(), schema, migrations.sqlite).await,
        }
    }
}
