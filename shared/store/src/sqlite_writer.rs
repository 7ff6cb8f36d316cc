//! The writer of a SQLite file: one thread with its connection, and one commit for all operations that wait (group commit).
//!
//! ```text
//!  idle <────────────────────────────────────────────────┐
//!   │ pop                                                │
//!   v                                                    │
//!  BEGIN IMMEDIATE                                       │
//!   │                                                    │
//!   v                                                    │
//!  SAVEPOINT, the operation, RELEASE or ROLLBACK TO <─┐  │
//!   │                                                 │  │
//!   ├── another waits, and the batch has room ────────┘  │
//!   v                                                    │
//!  COMMIT ── all are answered ───────────────────────────┤
//!                                                        │
//!  ROLLBACK ── all are refused ──────────────────────────┘
//!   ^
//!   └── BEGIN, SAVEPOINT, RELEASE, ROLLBACK TO or COMMIT has failed
//! ```
//!
//! No operation waits for others to come. None is answered before the commit, not even one that has failed: it may have failed
//! because of what another one of the batch has written. Only the operation whose failure ends the batch (a full disk makes SQLite
//! roll everything back) has its own error, which says more than that of the batch.

use super::commit_counters::CommitCounters;
use super::last_write::LastWrite;
use super::sqlite_connection::{ThreadConnection, now, open_transactions};
use super::sqlite_job::{Job, JobKind, Jobs};
use crate::error::StoreError;
use crate::session::Session;
use diesel::QueryResult;
use diesel::result::Error as DieselError;
use shared::error::{StoreFault, causes};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most operations of a batch.
const MAX_BATCH_OPERATIONS: usize = 64;
/// The most bytes that the operations of a batch write, unless it is one operation.
const MAX_BATCH_BYTES: usize = 4 << 20;

/// The thread that writes.
pub(super) struct Writer {
    pub(super) jobs: Arc<Jobs>,
    pub(super) connection: ThreadConnection,
    pub(super) last_write: LastWrite,
    pub(super) commits: Arc<CommitCounters>,
    pub(super) busy: Arc<AtomicUsize>,
}

/// The operations of a transaction that are not answered yet.
#[derive(Default)]
struct Batch {
    jobs: Vec<Box<dyn Job>>,
    bytes: usize,
    has_success: bool,
}

impl Writer {
    /// Runs batches until the queue is closed and empty.
    pub(super) fn run(mut self) {
        while let Some(mut job) = self.jobs.pop() {
            if !job.claim() {
                continue;
            }
            self.busy.store(1, Ordering::Release);
            let mut batch = Batch::default();
            let ended = match job.kind() {
                JobKind::Transaction { .. } => self.transact(job, &mut batch),
                JobKind::Plain => {
                    let ended = self.connection.run(&mut *job);
                    batch.jobs.push(job);
                    ended
                }
            };
            self.busy.store(0, Ordering::Release);
            for job in batch.jobs {
                job.end(ended.as_ref().copied().map_err(copy));
            }
        }
    }

    /// Runs an operation, and those that wait when it ends, in one transaction.
    fn transact(&mut self, first: Box<dyn Job>, batch: &mut Batch) -> Result<(), StoreError> {
        let faults = self.last_write.faults();
        let session = match self.connection.session() {
            Ok(session) => session,
            Err(error) => {
                batch.jobs.push(first);
                return Err(error);
            }
        };
        if let Err(error) = batch.run(session, &self.jobs, first) {
            self.connection.clean();
            return Err(self.refusal(error));
        }
        self.commits.count(batch.jobs.len());
        if batch.has_success && self.last_write.faults() == faults {
            self.last_write.record(None);
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

impl Batch {
    /// Runs the transaction.
    fn run(&mut self, session: &mut Session, waiting: &Jobs, first: Box<dyn Job>) -> QueryResult<()> {
        if let Err(error) = now(session.begin()) {
            self.jobs.push(first);
            return Err(error);
        }
        let mut next = Some(first);
        while let Some(job) = next.take() {
            self.run_in_savepoint(session, job)?;
            next = self.next(waiting);
        }
        now(session.commit())
    }

    /// Runs an operation under a savepoint. An error is one of the transaction.
    fn run_in_savepoint(&mut self, session: &mut Session, mut job: Box<dyn Job>) -> QueryResult<()> {
        if let Err(error) = now(session.begin()) {
            self.jobs.push(job);
            return Err(error);
        }
        self.bytes = self.bytes.saturating_add(job.kind().bytes());
        let has_succeeded = job.run(session);
        self.has_success |= has_succeeded;
        let ended = end_savepoint(session, has_succeeded);
        if ended.is_err() && !has_succeeded {
            job.end(Ok(()));
        } else {
            self.jobs.push(job);
        }
        ended
    }

    /// The operation that joins the batch: the first that waits, if there is room for it.
    fn next(&self, waiting: &Jobs) -> Option<Box<dyn Job>> {
        if self.jobs.len() >= MAX_BATCH_OPERATIONS {
            return None;
        }
        let room = MAX_BATCH_BYTES.saturating_sub(self.bytes);
        let fits = |kind: JobKind| match kind {
            JobKind::Transaction { bytes } => bytes <= room,
            JobKind::Plain => false,
        };
        std::iter::from_fn(|| waiting.try_pop_if(|job| fits(job.kind()))).find(|job| job.claim())
    }
}

/// Ends the savepoint of an operation. What follows a wrong depth would be answered before its commit, so that is an error.
fn end_savepoint(session: &mut Session, has_succeeded: bool) -> QueryResult<()> {
    loop {
        if has_succeeded {
            now(session.commit())?;
        } else {
            now(session.rollback())?;
        }
        match open_transactions(session) {
            Some(1) => return Ok(()),
            // An operation that has panicked may have left savepoints of its own.
            Some(2..) if !has_succeeded => {}
            _ => return Err(DieselError::BrokenTransactionManager),
        }
    }
}

/// The same error for another caller.
fn copy(error: &StoreError) -> StoreError {
    match error.fault() {
        Some(fault) => StoreError::of(fault, causes(error)),
        None => StoreError::Failed(causes(error).into()),
    }
}
