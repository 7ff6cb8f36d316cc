//! The connection of a thread of SQLite: opened when it is needed, and anew if its state is not known.

use super::last_write::LastWrite;
use super::sqlite_job::Job;
use super::sqlite_pragmas::connect;
use crate::error::StoreError;
use crate::session::{Session, depth};
use diesel::connection::Connection as _;
use futures_util::FutureExt as _;
use std::sync::Arc;

/// The connection of one thread.
pub(super) struct ThreadConnection {
    path: Arc<str>,
    pragmas: String,
    observer: Option<LastWrite>,
    session: Option<Session>,
}

impl ThreadConnection {
    /// A connection to be opened with these pragmas; `observer` is told of the faults of its statements.
    pub(super) fn new(path: Arc<str>, pragmas: String, observer: Option<LastWrite>) -> Self {
        Self { path, pragmas, observer, session: None }
    }

    /// The connection, outside of a transaction.
    pub(super) fn session(&mut self) -> Result<&mut Session, StoreError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.open()?,
        };
        Ok(self.session.insert(session))
    }

    /// Runs an operation outside of a transaction.
    pub(super) fn run(&mut self, job: &mut dyn Job) -> Result<(), StoreError> {
        if !job.run(self.session()?) {
            self.clean();
        }
        Ok(())
    }

    /// Rolls back what an operation has left open, and closes the connection if that fails.
    pub(super) fn clean(&mut self) {
        let is_clean = self.session.as_mut().is_some_and(|session| {
            while open_transactions(session) != Some(0) {
                if now(session.rollback()).is_err() {
                    return open_transactions(session) == Some(0);
                }
            }
            true
        });
        if !is_clean {
            self.session = None;
        }
    }

    fn open(&self) -> Result<Session, StoreError> {
        let opened = connect(&self.path, &self.pragmas);
        let mut connection = opened.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        if let Some(last_write) = &self.observer {
            connection.set_instrumentation(last_write.clone().fault_observer());
        }
        Ok(Session::Sqlite(connection))
    }
}

/// The number of transactions that a session has open: one, and its savepoints.
pub(super) fn open_transactions(session: &mut Session) -> Option<u32> {
    let Session::Sqlite(connection) = session else { return None };
    depth(connection).ok()
}

/// What a future of SQLite gives at its first poll.
pub(super) fn now<T>(future: impl Future<Output = diesel::QueryResult<T>>) -> diesel::QueryResult<T> {
    let pending = "a statement on SQLite is not done where it was called";
    future.now_or_never().unwrap_or_else(|| Err(diesel::result::Error::QueryBuilderError(pending.into())))
}
