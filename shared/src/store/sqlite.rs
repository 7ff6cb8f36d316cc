//! SQLite: a file in WAL mode, one connection that writes, several that read, one that looks after the file.

use super::sqlite_maintenance::{self as maintenance, Maintenance};
use super::{Engine, Lite, Store, migrate, private};
use crate::config::ConfigError;
use crate::server::StartError;
use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection as _};
use diesel::{Connection as _, ConnectionError, SqliteConnection};
use diesel_async::pooled_connection::deadpool::{BuildError, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_migrations::EmbeddedMigrations;
// Named so that SQLite is built along with this crate, whatever the machine has.
use libsqlite3_sys as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

const READERS: usize = 4;
/// What the first connection begins with, which may make the file. The order matters: a file has a journal mode, and with it a
/// first page, only after it was said that deleted content is overwritten and that free pages can be given back.
const FILE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON; PRAGMA auto_vacuum = INCREMENTAL; \
                            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
/// What every other connection begins with. None of these waits for the lock of a writer, as `auto_vacuum` does.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON;";
const READ_ONLY: &str = "PRAGMA query_only = ON;";
/// Who looks after the file does not wait for others as long as a request does.
const IN_A_HURRY: &str = "PRAGMA busy_timeout = 1000;";
/// Old files up to this size are rewritten at start, so that their free pages can be given back from then on.
const REWRITTEN_AT_START_MAX_BYTES: i64 = 1 << 30;

pub(super) async fn open(url: &str, migrations: EmbeddedMigrations) -> Result<Store, StartError> {
    let path = path_of(url).to_owned();
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("DATABASE_URL: cannot open the file: {error}"))
    };
    let file = path.clone();
    let migrated = tokio::task::spawn_blocking(move || {
        secure(&file).map_err(|error| {
            StartError::Store(format!("DATABASE_URL: {file}: cannot be kept to its owner: {error}"))
        })?;
        let mut connection = connect(&file, FILE_PRAGMAS).map_err(|error| migrate::failed(&error))?;
        migrate::run(&mut connection, migrations)?;
        maintenance::convert(&mut connection, &file, REWRITTEN_AT_START_MAX_BYTES);
        Ok::<_, StartError>(())
    });
    migrated.await.map_err(|error| failed(&error))??;
    let maintenance = Maintenance::default();
    let noted = maintenance.clone();
    let writer = pool(&path, 1, "", move || noted.clone().observer()).map_err(|error| failed(&error))?;
    let readers = pool(&path, READERS, READ_ONLY, || ignore).map_err(|error| failed(&error))?;
    let upkeep = pool(&path, 1, IN_A_HURRY, || ignore).map_err(|error| failed(&error))?;
    Ok(Store::Sqlite { writer, readers, upkeep, maintenance })
}

/// Rewrites the file of a database that nobody uses, without its free pages. Gives its sizes before and after, in bytes.
pub fn compact(path: &Path) -> Result<(u64, u64), StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("{}: cannot be compacted: {error}", path.display()))
    };
    let file = path.to_str().ok_or_else(|| failed(&"its path is no UTF-8"))?;
    let size = || std::fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| failed(&error));
    let before = size()?;
    secure(file).map_err(|error| failed(&error))?;
    let mut connection = connect(file, FILE_PRAGMAS).map_err(|error| failed(&error))?;
    maintenance::rewrite(&mut connection).map_err(|error| failed(&error))?;
    drop(connection);
    Ok((before, size()?))
}

/// The same for the database of a service that is stopped, by its URL. Gives a line that tells of it.
pub fn compact_database(url: &SecretString) -> Result<String, StartError> {
    let refused = |problem: String| StartError::from(ConfigError::new("DATABASE_URL", problem));
    if Engine::of(url)? == Engine::Postgres {
        return Err(refused(
            "names PostgreSQL; expected sqlite:path, as PostgreSQL does it by itself".into(),
        ));
    }
    if let Some(path) = missing_file(url) {
        return Err(refused(format!("there is no file {}", path.display())));
    }
    let path = file_of(path_of(url.expose_secret()));
    let path = path.ok_or_else(|| refused("names a database in memory; expected sqlite:path".into()))?;
    let (before, after) = compact(&path)?;
    Ok(format!("{}: {after} bytes, {before} before", path.display()))
}

/// The file of a database on SQLite that is not there yet.
pub fn missing_file(url: &SecretString) -> Option<PathBuf> {
    let is_sqlite = Engine::of(url).is_ok_and(|engine| engine == Engine::Sqlite);
    let file = is_sqlite.then(|| file_of(path_of(url.expose_secret()))).flatten()?;
    is_missing(&file).then_some(file)
}

/// Whether there is no such file. One that may not be looked at is there, perhaps.
pub fn is_missing(file: &Path) -> bool {
    file.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The path in a URL: `sqlite:path`, or with two or three slashes, as SQLAlchemy writes it.
pub(super) fn path_of(url: &str) -> &str {
    let prefixes = ["sqlite:///", "sqlite://", "sqlite:"];
    prefixes.iter().find_map(|prefix| url.strip_prefix(prefix)).unwrap_or(url)
}

/// Closes the file to others, and what SQLite keeps beside it. SQLite makes those with the mode of the file, so that is made
/// before SQLite sees it.
fn secure(path: &str) -> io::Result<()> {
    let Some(file) = file_of(path) else { return Ok(()) };
    private::create(&file)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = OsString::from(&file);
        beside.push(suffix);
        match private::restrict(Path::new(&beside), private::FILE_MODE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// The file of a path as SQLite reads it, which may be a URI; none for a database in memory.
pub(super) fn file_of(path: &str) -> Option<PathBuf> {
    let Some(uri) = path.strip_prefix("file:") else {
        return (path != ":memory:").then(|| PathBuf::from(path));
    };
    let (file, query) = uri.split_once('?').unwrap_or((uri, ""));
    let file = file.strip_prefix("//localhost").or_else(|| file.strip_prefix("//")).unwrap_or(file);
    let in_memory = file == ":memory:" || query.split('&').any(|pair| pair == "mode=memory");
    let file = percent_encoding::percent_decode_str(file).decode_utf8_lossy().into_owned();
    (!in_memory).then(|| PathBuf::from(file))
}

fn connect(path: &str, pragmas: &str) -> Result<SqliteConnection, ConnectionError> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

fn ignore(_: InstrumentationEvent<'_>) {}

fn pool<I: Instrumentation>(
    path: &str,
    size: usize,
    pragmas: &'static str,
    instrumentation: impl Fn() -> I + Send + Sync + 'static,
) -> Result<Pool<Lite>, BuildError> {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |path| {
        let (path, instrumentation) = (path.to_owned(), instrumentation());
        Box::pin(async move {
            let connected = tokio::task::spawn_blocking(move || {
                let mut connection = connect(&path, &format!("{PRAGMAS}{pragmas}"))?;
                connection.set_instrumentation(instrumentation);
                Ok(Lite::new(connection))
            });
            connected.await.map_err(|error| ConnectionError::BadConnection(error.to_string()))?
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(path, config)).max_size(size).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_known_not_to_be_there_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(is_missing(&folder.path().join("nothing")));
        assert!(!is_missing(&file) && !is_missing(folder.path()));
        // A path that cannot be looked at: below a file, which is an error other than "not found".
        assert!(!file.join("below").exists() && !is_missing(&file.join("below")));
    }

    #[test]
    fn a_path_is_written_in_each_of_the_usual_ways() {
        assert_eq!(path_of("sqlite:data/auth.sqlite3"), "data/auth.sqlite3");
        assert_eq!(path_of("sqlite:/data/auth.sqlite3"), "/data/auth.sqlite3");
        assert_eq!(path_of("sqlite:///auth.sqlite3"), "auth.sqlite3");
        assert_eq!(path_of("sqlite:////data/auth.sqlite3"), "/data/auth.sqlite3");
    }

    #[test]
    fn the_file_of_a_uri_is_found() {
        let file = |path: &str| file_of(path).map(|file| file.display().to_string());
        assert_eq!(file("data/auth.sqlite3").as_deref(), Some("data/auth.sqlite3"));
        assert_eq!(file("file:/data/a%20b?cache=private").as_deref(), Some("/data/a b"));
        assert_eq!(file("file:///data/a").as_deref(), Some("/data/a"));
        for none in [":memory:", "file::memory:", "file:a?mode=memory"] {
            assert_eq!(file(none), None, "{none}");
        }
    }
}
