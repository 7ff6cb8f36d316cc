//! An operation on its way to a thread of SQLite, and its caller.
//!
//! ```text
//! waiting ──> begun ──> ended: the caller has the result
//!    └──> withdrawn: the caller has waited for POOL_TIMEOUT
//! ```
//!
//! An operation whose caller has gone ends as any other.

use super::sqlite_queue::Queue;
use crate::error::StoreError;
use crate::pool_timeout::POOL_TIMEOUT;
use crate::session::Session;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

/// A job of a thread: an operation of any type.
pub(super) trait Job: Send {
    /// Takes the job from its caller; false if that no longer waits.
    fn claim(&self) -> bool;

    /// How it is to run.
    fn kind(&self) -> JobKind;

    /// Runs the operation, and returns whether it succeeded.
    fn run(&mut self, session: &mut Session) -> bool;

    /// Gives the caller the result, or the error of the transaction in its place.
    fn end(self: Box<Self>, transaction: Result<(), StoreError>);
}

/// How a job is to run.
#[derive(Debug, Clone, Copy)]
pub(super) enum JobKind {
    /// In a transaction, into which it writes about so many bytes.
    Transaction { bytes: usize },
    /// On the connection as it is.
    Plain,
}

impl JobKind {
    /// The bytes that it writes.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Transaction { bytes } => bytes,
            Self::Plain => 0,
        }
    }
}

pub(super) type Jobs = Queue<Box<dyn Job>>;

struct Operation<F, T, E> {
    body: Option<F>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
    claimed: Arc<AtomicBool>,
    kind: JobKind,
}

impl<F, T, E> Job for Operation<F, T, E>
where
    F: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send,
    T: Send,
    E: From<StoreError> + Send,
{
    fn claim(&self) -> bool {
        !self.claimed.swap(true, Ordering::AcqRel)
    }

    fn kind(&self) -> JobKind {
        self.kind
    }

    fn run(&mut self, session: &mut Session) -> bool {
        let Some(body) = self.body.take() else { return false };
        let failed = |problem: &str| Err(E::from(StoreError::Failed(problem.into())));
        let result = match catch_unwind(AssertUnwindSafe(|| body(session).now_or_never())) {
            Ok(Some(result)) => result,
            Ok(None) => failed("an operation on SQLite waited for something other than the database"),
            Err(_) => failed("an operation panicked"),
        };
        self.result.insert(result).is_ok()
    }

    fn end(self: Box<Self>, transaction: Result<(), StoreError>) {
        let Self { result, caller, .. } = *self;
        let result = transaction.map_err(E::from).and_then(|()| result.unwrap_or_else(|| Err(stopped())));
        // The caller may have gone.
        drop(caller.send(result));
    }
}

fn stopped<E: From<StoreError>>() -> E {
    StoreError::Unavailable("the thread of the database has stopped".into()).into()
}

/// Sends an operation to the threads of a queue, and waits for its result.
pub(super) async fn submit<T, E>(
    jobs: &Jobs,
    kind: JobKind,
    operation: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<T, E>> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let (caller, mut answer) = oneshot::channel();
    let claimed = Arc::new(AtomicBool::new(false));
    let body = Some(operation);
    let job = Operation { body, result: None, caller, claimed: Arc::clone(&claimed), kind };
    if !jobs.push(Box::new(job)) {
        return Err(StoreError::Unavailable("too many operations wait for a connection".into()).into());
    }
    if let Ok(answered) = tokio::time::timeout(POOL_TIMEOUT, &mut answer).await {
        return answered.unwrap_or_else(|_| Err(stopped()));
    }
    if !claimed.swap(true, Ordering::AcqRel) {
        return Err(StoreError::Unavailable("no connection became free in time".into()).into());
    }
    answer.await.unwrap_or_else(|_| Err(stopped()))
}
