//! Limits of bodies: their size, the memory of all of them, their minimum rate, and the threads that parse them.

mod memory;
mod min_rate;

pub use memory::{MemoryBudget, OutOfMemory, Reservation, SMALL_BYTES};
pub use min_rate::{MinRate, TransferDeadline};

use crate::problem::Problem;
use actix_web::rt::task::spawn_blocking;
use shared::env::{ConfigError, Env};
use shared::settings;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::{AcquireError, Semaphore};
use tokio::task::JoinError;

/// The largest body of a request, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// The same for the routes of the auth service, most of which need no token.
pub const MAX_AUTH_BODY_BYTES: usize = 64 * 1024;
/// The memory of the server's queue of a chunked body while its handler runs: up to 32 KiB, each byte perhaps as a piece of 32
/// bytes.
pub const CHUNK_QUEUE_BYTES: usize = 1 << 20;
/// Up to this size, a body is parsed and a list serialized on the worker, which takes less than a millisecond. A larger one goes to a
/// thread for blocking work.
const INLINE_BYTES: usize = 256 << 10;

/// Why work on a body was not done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The threads are closed.
    #[error(transparent)]
    Closed(#[from] AcquireError),
    /// The work has panicked.
    #[error(transparent)]
    Panicked(#[from] JoinError),
}

impl From<WorkError> for Problem {
    fn from(error: WorkError) -> Self {
        Self::internal(error)
    }
}

/// The limits of all bodies of a program, of requests and of responses. Clones share the memory.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// The largest body of a request, in bytes.
    pub max_bytes: usize,
    /// The memory of all bodies in flight.
    pub memory: MemoryBudget,
    /// The minimum rate of their transfer.
    pub min_rate: MinRate,
    /// The permits of threads that parse or serialize large bodies.
    threads: Arc<Semaphore>,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self::new(MemoryBudget::default(), MinRate::default())
    }
}

impl BodyLimits {
    /// Limits with this memory and this rate, for bodies of at most [`MAX_BODY_BYTES`].
    pub fn new(memory: MemoryBudget, min_rate: MinRate) -> Self {
        let threads = available_parallelism().map_or(1, |cores| usize::from(cores).div_ceil(2));
        Self { max_bytes: MAX_BODY_BYTES, memory, min_rate, threads: Arc::new(Semaphore::new(threads)) }
    }

    /// Reads `BODY_MEMORY`, `BODY_TIMEOUT` and `BODY_MIN_RATE`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        struct Read {
            memory: MemoryBudget,
            min_rate: MinRate,
        }
        let read = settings!(Read { memory: MemoryBudget::from_env(env), min_rate: MinRate::from_env(env) })?;
        Ok(Self::new(read.memory, read.min_rate))
    }

    /// The same for bodies of at most `max_bytes`.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Runs work on a body of `bytes`: on the worker if it is small, else in a thread for blocking work, of which half as many as cores
    /// run at once.
    pub async fn run<T, F>(&self, bytes: usize, work: F) -> Result<T, WorkError>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if bytes <= INLINE_BYTES {
            return Ok(work());
        }
        let turn = Arc::clone(&self.threads).acquire_owned().await?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        Ok(spawn_blocking(work).await?)
    }
}
