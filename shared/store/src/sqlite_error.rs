//! The errors of SQLite that say something of the file or the disk, told by SQLite's own texts, which it never translates
//! (`sqlite3ErrStr` in its `main.c`): diesel keeps no result code.

use shared::error::StoreFault;

/// What a text says of the database; nothing where it is the statement that is wrong.
pub(super) fn fault(message: &str) -> Option<StoreFault> {
    match message {
        // SQLITE_BUSY and SQLITE_LOCKED.
        "database is locked" => Some(StoreFault::Locked),
        text if text.starts_with("database table is locked") => Some(StoreFault::Locked),
        // SQLITE_FULL.
        "database or disk is full" => Some(StoreFault::Full),
        // SQLITE_READONLY.
        "attempt to write a readonly database" => Some(StoreFault::ReadOnly),
        // SQLITE_IOERR, SQLITE_CANTOPEN and SQLITE_PROTOCOL.
        "disk I/O error" | "unable to open database file" | "locking protocol" => {
            Some(StoreFault::Unavailable)
        }
        _ => None,
    }
}
