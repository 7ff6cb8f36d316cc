//! The writer of a SQLite file: one thread with its connection, and one commit for all operations that wait (group commit).
//!
//! ```text
//!             pop                      an operation succeeds: RELEASE;
//!  idle ───────────────> BEGIN IMMEDIATE   it fails: ROLLBACK TO
//!   ^                          │       ┌──────┐
//!   │                          v       │      v
//!   │                     SAVEPOINT, run <── try_pop: another waits, and the batch is below its bounds
//!   │                          │
//!   │   all are answered       v nobody waits, or a bound is reached
//!   ├──────────────────────  COMMIT
//!   │                          │
//!   │   all are refused        v BEGIN, RELEASE, ROLLBACK TO or COMMIT fails
//!   └────────────────────── ROLLBACK
//! ```
//!
//! Nobody is answered before the commit, not even whose operation has failed: it may have failed because of what another one of the
//! batch has written. Only the operation whose failure ends the batch (a full disk makes SQLite roll everything back) has its own
//! error, which tells more than that of the rollback.

use super::last_write::LastWrite;
use super::sqlite_connection::{ThreadConnection, now};
use super::sqlite_job::{Job, Jobs};
use crate::error::StoreError;
use crate::session::Session;
use diesel::result::Error as DieselError;
use shared::error::{StoreFault, causes};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most operations of a batch.
const MAX_BATCH_OPERATIONS: usize = 64;
/// How long the operations of a batch may take together before no other one joins it.
const MAX_BATCH_TIME: Duration = Duration::from_millis(10);

/// The thread that writes.
pub(super) struct Writer {
    jobs: Arc<Jobs>,
    connection: ThreadConnection,
    last_write: LastWrite,
    busy: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn new(
        jobs: Arc<Jobs>,
        connection: ThreadConnection,
        last_write: LastWrite,
        busy: Arc<AtomicUsize>,
    ) -> Self {
        Self { jobs, connection, last_write, busy }
    }

    /// Runs batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Vec::with_capacity(MAX_BATCH_OPERATIONS);
        while let Some(job) = self.jobs.pop() {
            if job.claim() {
                self.busy.store(1, Ordering::Release);
                let committed = if job.is_transaction() {
                    self.write(job, &mut batch)
                } else {
                    self.run_alone(job, &mut batch)
                };
                self.busy.store(0, Ordering::Release);
                for job in batch.drain(..) {
                    job.end(committed.as_ref().copied().map_err(copy));
                }
            }
        }
    }

    /// Runs an operation, and those that wait when it ends, in one transaction. Those to be answered are in `batch`.
    fn write(&mut self, first: Box<dyn Job>, batch: &mut Vec<Box<dyn Job>>) -> Result<(), StoreError> {
        let session = match self.connection.session() {
            Ok(session) => session,
            Err(error) => {
                batch.push(first);
                return Err(error);
            }
        };
        let committed = transact(session, &self.jobs, first, batch);
        match committed {
            Ok(()) => self.last_write.record(None),
            Err(_) => self.connection.clean(),
        }
        committed.map_err(|error| self.refusal(error))
    }

    /// Runs an operation outside of a transaction.
    fn run_alone(&mut self, mut job: Box<dyn Job>, batch: &mut Vec<Box<dyn Job>>) -> Result<(), StoreError> {
        let run = self.connection.session().map(|session| job.run(session));
        batch.push(job);
        if !run? {
            self.connection.clean();
        }
        Ok(())
    }

    /// The error of a batch. Where SQLite has rolled back by itself, the statement that made it do so has told why.
    fn refusal(&self, error: DieselError) -> StoreError {
        let error = match error {
            DieselError::RollbackErrorOnCommit { commit_error, .. } => StoreError::from(*commit_error),
            error => StoreError::from(error),
        };
        if error.is_transient() {
            return error;
        }
        StoreError::of(self.last_write.fault().unwrap_or(StoreFault::Unavailable), error)
    }
}

fn transact(
    session: &mut Session,
    jobs: &Jobs,
    first: Box<dyn Job>,
    batch: &mut Vec<Box<dyn Job>>,
) -> Result<(), DieselError> {
    if let Err(error) = now(session.begin()) {
        batch.push(first);
        return Err(error);
    }
    let begun = Instant::now();
    let mut next = Some(first);
    while let Some(job) = next.take() {
        run_in_savepoint(session, job, batch)?;
        if batch.len() < MAX_BATCH_OPERATIONS && begun.elapsed() < MAX_BATCH_TIME {
            next = next_of(jobs);
        }
    }
    now(session.commit())
}

/// The next job whose caller still waits.
fn next_of(jobs: &Jobs) -> Option<Box<dyn Job>> {
    std::iter::from_fn(|| jobs.try_pop_if(|job| job.is_transaction())).find(|job| job.claim())
}

/// Runs an operation under a savepoint. An error is one of the transaction.
fn run_in_savepoint(
    session: &mut Session,
    mut job: Box<dyn Job>,
    batch: &mut Vec<Box<dyn Job>>,
) -> Result<(), DieselError> {
    if let Err(error) = now(session.begin()) {
        batch.push(job);
        return Err(error);
    }
    let has_succeeded = job.run(session);
    let ended = if has_succeeded { now(session.commit()) } else { now(session.rollback()) };
    if ended.is_err() && !has_succeeded {
        job.end(Ok(()));
    } else {
        batch.push(job);
    }
    ended
}

/// The same error for another caller.
fn copy(error: &StoreError) -> StoreError {
    match error.fault() {
        Some(fault) => StoreError::of(fault, causes(error)),
        None => StoreError::Failed(causes(error).into()),
    }
}
