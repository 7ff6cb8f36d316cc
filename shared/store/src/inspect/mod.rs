//! The checks of a database, for the command `check`: whether it can be reached, its migrations, and its clock. Nothing is created or
//! migrated.

mod migrations;
mod postgres;
mod sqlite;

use super::sqlite::path_of;
use crate::engine::Engine;
use crate::migrate::Migrations;
use secrecy::{ExposeSecret as _, SecretString};
use shared::check::Report;

/// Checks the database of the service `schema`.
pub async fn inspect(report: &mut Report, schema: &'static str, url: &SecretString, migrations: Migrations) {
    let subject = format!("database of {schema}");
    match Engine::of(url) {
        Ok(Engine::Postgres) => {
            postgres::inspect_postgres(report, &subject, schema, url.expose_secret(), &migrations.postgres)
                .await;
        }
        Ok(Engine::Sqlite) => {
            let path = path_of(url.expose_secret()).to_owned();
            sqlite::inspect_sqlite(report, &subject, &path, &migrations.sqlite);
        }
        Err(error) => report.error(&subject, error.to_string(), "correct DATABASE_URL"),
    }
}
