//! The threads of a SQLite file: one that writes, and a few that read.

use super::commit_counters::CommitCounters;
use super::last_write::LastWrite;
use super::sqlite_connection::ThreadConnection;
use super::sqlite_job::Jobs;
use super::sqlite_pragmas::{PRAGMAS, READER_PRAGMAS, SHORT_LOCK_TIMEOUT};
use super::sqlite_queue::Queue;
use super::sqlite_writer::Writer;
use shared::pool_state::PoolState;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// The threads that read.
const READERS: usize = 4;
/// The most operations that wait for the threads of a queue. One takes a few kilobytes, and what it is to write.
const MAX_QUEUED_OPERATIONS: usize = 4096;

/// The threads of a file. They end when this is dropped, after the operations that wait.
pub(super) struct Threads {
    pub(super) commits: Arc<CommitCounters>,
    pub(super) writer: Group,
    pub(super) readers: Group,
    /// One thread, which sees whether another process holds the lock of writers.
    pub(super) lock_probe: Group,
}

/// Threads with a queue in common.
pub(super) struct Group {
    name: &'static str,
    pub(super) jobs: Arc<Jobs>,
    /// How many of them are at work.
    busy: Arc<AtomicUsize>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// Starts the threads. Each opens its connection when it is needed.
    pub(super) fn start(path: &str, last_write: &LastWrite) -> io::Result<Self> {
        let path: Arc<str> = path.into();
        let mut writer = Group::new("sqlite_writer");
        let connection = ThreadConnection::new(Arc::clone(&path), PRAGMAS.into(), Some(last_write.clone()));
        let (jobs, busy) = (Arc::clone(&writer.jobs), Arc::clone(&writer.busy));
        let (last_write, commits) = (last_write.clone(), Arc::new(CommitCounters::default()));
        let counted = Arc::clone(&commits);
        let thread = Writer { jobs, connection, last_write, commits: counted, busy };
        writer.spawn(move || thread.run())?;
        let mut readers = Group::new("sqlite_readers");
        for _ in 0..READERS {
            readers.spawn_plain(&path, format!("{PRAGMAS}{READER_PRAGMAS}"))?;
        }
        let mut lock_probe = Group::new("sqlite_lock_probe");
        lock_probe.spawn_plain(&path, format!("{PRAGMAS}{SHORT_LOCK_TIMEOUT}"))?;
        Ok(Self { commits, writer, readers, lock_probe })
    }
}

impl Group {
    fn new(name: &'static str) -> Self {
        let jobs = Arc::new(Queue::new(MAX_QUEUED_OPERATIONS));
        Self { name, jobs, busy: Arc::default(), threads: Vec::new() }
    }

    fn spawn(&mut self, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let builder = thread::Builder::new().name(self.name.to_owned());
        self.threads.push(builder.spawn(run)?);
        Ok(())
    }

    /// Starts a thread that runs each job by itself.
    fn spawn_plain(&mut self, path: &Arc<str>, pragmas: String) -> io::Result<()> {
        let mut connection = ThreadConnection::new(Arc::clone(path), pragmas, None);
        let (jobs, busy) = (Arc::clone(&self.jobs), Arc::clone(&self.busy));
        self.spawn(move || {
            while let Some(mut job) = jobs.pop() {
                busy.fetch_add(1, Ordering::Relaxed);
                if job.claim() {
                    let ended = connection.run(&mut *job);
                    job.end(ended);
                }
                busy.fetch_sub(1, Ordering::Relaxed);
            }
        })
    }

    /// Whether one of the threads is at work.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 0
    }

    pub(super) fn state(&self) -> PoolState {
        let (used, max) = (self.busy.load(Ordering::Relaxed), self.threads.len());
        let idle = max.saturating_sub(used);
        PoolState { name: self.name, used, idle, max, waiting: self.jobs.len() }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.jobs.close();
        for thread in self.threads.drain(..) {
            // The last handle may be dropped by an operation.
            if thread.thread().id() != thread::current().id() {
                drop(thread.join());
            }
        }
    }
}
