//! SQLite: a file in WAL mode with one writer, several readers, and one connection for maintenance.

use super::last_write::LastWrite;
use super::sqlite_maintenance::convert;
use super::sqlite_pragmas::{FILE_PRAGMAS, connect};
use super::sqlite_threads::Threads;
use super::{migrate, private};
use crate::engine::Engine;
use crate::store::{SqliteStore, Store};
use diesel_migrations::EmbeddedMigrations;
use shared::error::StartError;
// Named so that the bundled SQLite is linked, and not the machine's.
use libsqlite3_sys as _;
use secrecy::{ExposeSecret as _, SecretString};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Files without `auto_vacuum` are rewritten at start up to this size.
const MAX_REWRITE_AT_START_BYTES: i64 = 1 << 30;

pub(super) async fn open(
    url: &str,
    service: &'static str,
    migrations: EmbeddedMigrations,
) -> Result<Store, StartError> {
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
        migrate::run(&mut connection, service, migrations)?;
        convert(&mut connection, &file, MAX_REWRITE_AT_START_BYTES);
        Ok::<_, StartError>(())
    });
    migrated.await.map_err(|error| failed(&error))??;
    let last_write = LastWrite::default();
    let threads = Threads::start(&path, &last_write).map_err(|error| failed(&error))?;
    let threads = Arc::new(threads);
    Ok(Store::Sqlite(SqliteStore { threads, last_write }))
}

/// The file of a SQLite database, if it does not exist yet.
pub fn missing_file(url: &SecretString) -> Option<PathBuf> {
    let is_sqlite = Engine::of(url).is_ok_and(|engine| engine == Engine::Sqlite);
    let file = is_sqlite.then(|| file_of(path_of(url.expose_secret()))).flatten()?;
    is_missing(&file).then_some(file)
}

/// Whether a file does not exist. One that cannot be read counts as existing.
pub fn is_missing(file: &Path) -> bool {
    file.metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// The path of a URL: `sqlite:path`, or with two or three slashes, as SQLAlchemy writes it.
pub(super) fn path_of(url: &str) -> &str {
    let prefixes = ["sqlite:///", "sqlite://", "sqlite:"];
    prefixes.iter().find_map(|prefix| url.strip_prefix(prefix)).unwrap_or(url)
}

/// Restricts the file to its owner, and the files beside it. SQLite creates those with the mode of the file, so the file is created
/// before SQLite opens it.
pub(super) fn secure(path: &str) -> io::Result<()> {
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

/// The file of SQLite's path, which may be a URI; `None` for a database in memory.
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
    fn a_url_has_its_path_behind_up_to_three_slashes() {
        assert_eq!(path_of("sqlite:data/auth.sqlite3"), "data/auth.sqlite3");
        assert_eq!(path_of("sqlite:/data/auth.sqlite3"), "/data/auth.sqlite3");
        assert_eq!(path_of("sqlite:///auth.sqlite3"), "auth.sqlite3");
        assert_eq!(path_of("sqlite:////data/auth.sqlite3"), "/data/auth.sqlite3");
    }

    #[test]
    fn the_file_of_a_uri_is_decoded_and_a_database_in_memory_has_none() {
        let file = |path: &str| file_of(path).map(|file| file.display().to_string());
        assert_eq!(file("data/auth.sqlite3").as_deref(), Some("data/auth.sqlite3"));
        assert_eq!(file("file:/data/a%20b?cache=private").as_deref(), Some("/data/a b"));
        assert_eq!(file("file:///data/a").as_deref(), Some("/data/a"));
        for none in [":memory:", "file::memory:", "file:a?mode=memory"] {
            assert_eq!(file(none), None, "{none}");
        }
    }
}
