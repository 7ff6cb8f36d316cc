//! SQLite: a file in WAL mode, one connection that writes, several that read.

use super::{Lite, Store, migrate};
use crate::server::StartError;
use diesel::{Connection as _, ConnectionError, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, SimpleAsyncConnection as _};
use diesel_migrations::EmbeddedMigrations;
// Named so that SQLite is built along with this crate, whatever the machine has.
use libsqlite3_sys as _;

const READERS: usize = 4;
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON;";
const READ_ONLY: &str = "PRAGMA query_only = ON;";

pub(super) async fn open(url: &str, migrations: EmbeddedMigrations) -> Result<Store, StartError> {
    let path = path_of(url).to_owned();
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("DATABASE_URL: cannot open the file: {error}"))
    };
    let file = path.clone();
    let migrated = tokio::task::spawn_blocking(move || {
        let mut connection = SqliteConnection::establish(&file).map_err(|error| migrate::failed(&error))?;
        let setup = diesel::connection::SimpleConnection::batch_execute(&mut connection, PRAGMAS);
        setup.map_err(|error| migrate::failed(&error))?;
        migrate::run(&mut connection, migrations)
    });
    migrated.await.map_err(|error| failed(&error))??;
    let writer = pool(&path, 1, false).map_err(|error| failed(&error))?;
    let readers = pool(&path, READERS, true).map_err(|error| failed(&error))?;
    Ok(Store::Sqlite { writer, readers })
}

/// The path in a URL: `sqlite:path`, or with two or three slashes, as SQLAlchemy writes it.
fn path_of(url: &str) -> &str {
    let prefixes = ["sqlite:///", "sqlite://", "sqlite:"];
    prefixes.iter().find_map(|prefix| url.strip_prefix(prefix)).unwrap_or(url)
}

fn pool(
    path: &str,
    size: usize,
    read_only: bool,
) -> Result<Pool<Lite>, diesel_async::pooled_connection::deadpool::BuildError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let path = path.to_owned();
        Box::pin(async move {
            let mut connection = Lite::establish(&path).await?;
            let pragmas = if read_only { format!("{PRAGMAS}{READ_ONLY}") } else { PRAGMAS.to_owned() };
            let setup = connection.batch_execute(&pragmas).await;
            setup.map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(connection)
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(path, config)).max_size(size).build()
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn a_path_is_written_in_each_of_the_usual_ways() {
        assert_eq!(path_of("sqlite:data/auth.sqlite3"), "data/auth.sqlite3");
        assert_eq!(path_of("sqlite:/data/auth.sqlite3"), "/data/auth.sqlite3");
        assert_eq!(path_of("sqlite:///auth.sqlite3"), "auth.sqlite3");
        assert_eq!(path_of("sqlite:////data/auth.sqlite3"), "/data/auth.sqlite3");
    }
}
