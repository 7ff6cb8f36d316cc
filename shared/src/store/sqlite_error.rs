//! The errors of SQLite that say something of the file or the disk, told by SQLite's own texts, which it never translates
//! (`sqlite3ErrStr` in its `main.c`): diesel keeps no result code.

use super::sqlstate::Trouble;

/// What a text says of the database; nothing where it is the statement that is wrong.
pub(super) fn trouble(message: &str) -> Option<Trouble> {
    match message {
        // SQLITE_BUSY and SQLITE_LOCKED.
        "database is locked" => Some(Trouble::Locked),
        text if text.starts_with("database table is locked") => Some(Trouble::Locked),
        // SQLITE_FULL.
        "database or disk is full" => Some(Trouble::Full),
        // SQLITE_READONLY.
        "attempt to write a readonly database" => Some(Trouble::ReadOnly),
        // SQLITE_IOERR, SQLITE_CANTOPEN and SQLITE_PROTOCOL.
        "disk I/O error" | "unable to open database file" | "locking protocol" => Some(Trouble::Unavailable),
        _ => None,
    }
}
