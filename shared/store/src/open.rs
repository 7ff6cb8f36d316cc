//! Opening a store.

use super::engine::Engine;
use super::migrate::Migrations;
use super::store::Store;
use super::{postgres, sqlite};
use secrecy::{ExposeSecret as _, SecretString};
use shared::error::StartError;
use std::time::Duration;

impl Store {
    /// Connects to `url`, the value of the variable `DATABASE_URL`, and brings the tables of the service `schema` up
    /// to date. A statement may take as long as `statement_timeout` on PostgreSQL, which breaks it off then. (On SQLite it waits for who else
    /// writes, for 5 s.)
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
            Engine::Sqlite => sqlite::open(url.expose_secret(), migrations.sqlite).await,
        }
    }
}
