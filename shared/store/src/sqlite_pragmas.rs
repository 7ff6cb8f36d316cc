//! Connections to SQLite, and the pragmas with which they are opened.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, ConnectionError, SqliteConnection};

/// The pragmas of the first connection, which may create the file. The order matters: `secure_delete` and `auto_vacuum` must be set
/// before `journal_mode`, which writes the first page.
pub(super) const FILE_PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON; PRAGMA auto_vacuum = INCREMENTAL; \
                            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
/// The pragmas of every other connection. None of them waits for the lock of a writer, as `auto_vacuum` does.
pub(super) const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; \
                       PRAGMA foreign_keys = ON;";
pub(super) const READER_PRAGMAS: &str = "PRAGMA query_only = ON;";
/// How long a request waits for a lock.
pub(super) const LOCK_TIMEOUT: &str = "PRAGMA busy_timeout = 5000;";
/// How long maintenance does.
pub(super) const SHORT_LOCK_TIMEOUT: &str = "PRAGMA busy_timeout = 1000;";

pub(super) fn connect(path: &str, pragmas: &str) -> Result<SqliteConnection, ConnectionError> {
    let mut connection = SqliteConnection::establish(path)?;
    connection.batch_execute(pragmas).map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}
