//! The compaction of SQLite files.

use super::engine::Engine;
use super::sqlite::{file_of, missing_file, path_of, secure};
use super::sqlite_maintenance::rewrite;
use super::sqlite_pragmas::{FILE_PRAGMAS, connect};
use secrecy::{ExposeSecret as _, SecretString};
use shared::env::ConfigError;
use shared::error::StartError;
use std::path::Path;

/// Rewrites the file of a database that is not in use, without free pages. Returns its sizes before and after, in bytes.
pub fn compact(path: &Path) -> Result<(u64, u64), StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Store(format!("{}: cannot be compacted: {error}", path.display()))
    };
    let file = path.to_str().ok_or_else(|| failed(&"its path is no UTF-8"))?;
    let size = || std::fs::metadata(path).map(|metadata| metadata.len()).map_err(|error| failed(&error));
    let before = size()?;
    secure(file).map_err(|error| failed(&error))?;
    let mut connection = connect(file, FILE_PRAGMAS).map_err(|error| failed(&error))?;
    rewrite(&mut connection).map_err(|error| failed(&error))?;
    drop(connection);
    Ok((before, size()?))
}

/// The same for the database of a stopped service, by its URL. Returns the result as a line.
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

#[cfg(test)]
mod tests {
    use super::super::sqlite_maintenance::{convert, pragma};
    use super::*;
    use diesel::SqliteConnection;
    use diesel::connection::{Connection as _, SimpleConnection as _};

    #[test]
    fn a_file_too_large_to_rewrite_at_start_shrinks_by_compaction() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old");
        let file = path.to_str().unwrap();
        let mut connection = SqliteConnection::establish(file).unwrap();
        let rows = "PRAGMA journal_mode = WAL; CREATE TABLE texts (text TEXT); \
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000) \
                    INSERT INTO texts SELECT hex(randomblob(500)) FROM n";
        connection.batch_execute(rows).unwrap();
        convert(&mut connection, file, 4096);
        assert_eq!(pragma(&mut connection, "auto_vacuum").unwrap(), 0);
        connection.batch_execute("DELETE FROM texts WHERE rowid > 10").unwrap();
        drop(connection);
        let (before, after) = compact(&path).unwrap();
        assert!(before > 1_000_000 && after < 50_000, "{before} {after}");
        let mut connection = SqliteConnection::establish(file).unwrap();
        assert_eq!(pragma(&mut connection, "auto_vacuum").unwrap(), 2);
    }
}
