//! Faults of SQLite, by the texts of its errors, which are never translated (`sqlite3ErrStr` in its `main.c`): diesel keeps no result
//! code.

use shared::error::StoreFault;

/// The fault of an error's text; `None` if the statement is wrong.
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
