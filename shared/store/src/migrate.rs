//! Embedded migrations, run at start on a thread for blocking work.

use diesel::backend::Backend;
use diesel::migration::{MigrationConnection, MigrationSource};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness};
use shared::error::StartError;

/// The target of log events: that of the module before it was moved, as logs are filtered by it.
const LOG_TARGET: &str = "shared::store::migrate";

/// The migrations of a service: a folder for each engine, with the same names in both.
pub struct Migrations {
    /// `migrations/postgres`.
    pub postgres: EmbeddedMigrations,
    /// `migrations/sqlite`.
    pub sqlite: EmbeddedMigrations,
}

/// Embeds `migrations/postgres` and `migrations/sqlite` of the calling crate.
#[macro_export]
macro_rules! embed_store_migrations {
    () => {{
        const POSTGRES: ::diesel_migrations::EmbeddedMigrations =
            ::diesel_migrations::embed_migrations!("migrations/postgres");
        const SQLITE: ::diesel_migrations::EmbeddedMigrations =
            ::diesel_migrations::embed_migrations!("migrations/sqlite");
        $crate::Migrations { postgres: POSTGRES, sqlite: SQLITE }
    }};
}

/// Runs pending migrations of the tables of a service.
pub(super) fn run<C>(
    connection: &mut C,
    service: &str,
    migrations: EmbeddedMigrations,
) -> Result<(), StartError>
where
    C: MigrationHarness<C::Backend> + MigrationConnection<Backend: Backend>,
    EmbeddedMigrations: MigrationSource<C::Backend>,
{
    let run = connection.run_pending_migrations(migrations).map_err(|error| failed(&error))?;
    if let Some(last) = run.last() {
        tracing::info!(target: LOG_TARGET, service, migrations = run.len(), up_to = %last, "migrated");
    }
    Ok(())
}

pub(super) fn failed(error: &dyn std::fmt::Display) -> StartError {
    StartError::Store(format!("DATABASE_URL: the tables cannot be brought up to date: {error}"))
}
