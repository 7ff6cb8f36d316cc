//! What bodies may cost a program: their size, the memory of all of them, the time that they take to come and to go, and
//! the processor's time that it takes to parse them.

mod memory;
mod min_rate;

pub use memory::{MAX_MEMORY_WAIT, MemoryBudget, OutOfMemory, Reservation, SMALL_BYTES};
pub use min_rate::{MinRate, TransferDeadline};

use crate::problem::Problem;
use actix_web::rt::task::spawn_blocking;
use shared::env::{ConfigError, Env};
use shared::settings;
use std::sync::Arc;
use std::thread::available_parallelism;
use tokio::sync::Semaphore;

/// The largest body that a request may have, in bytes.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// The same for the routes of the auth service, most of which ask for no token.
pub const MAX_AUTH_BODY_BYTES: usize = 64 * 1024;
/// What the server may hold of a chunked body beside its bytes, from when its handler is called: its queue takes up to 32 KiB,
/// each of them perhaps as a piece of 32 bytes.
pub const CHUNK_QUEUE_BYTES: usize = 1 << 20;
/// Up to so many bytes, a body is parsed where it was read, and a list is written where it was made: that takes less than
/// a millisecond. More goes to a thread for it.
pub const INLINE_BYTES: usize = 256 << 10;

/// The limits of all bodies of a program, both of requests and of answers. Clones share the memory.
#[derive(Debug, Clone)]
pub struct BodyLimits {
    /// The largest body of a request, in bytes.
    pub max_bytes: usize,
    /// The memory of all that are in flight.
    pub memory: MemoryBudget,
    /// How fast they come and go at least.
    pub min_rate: MinRate,
    /// As many as work on large bodies at once, in threads of their own.
    threads: Arc<Semaphore>,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self::new(MemoryBudget::default(), MinRate::default())
    }
}

impl BodyLimits {
    /// Limits with this memory and this rate, for bodies of the usual size.
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

    /// The same for bodies of at most so many bytes.
    #[must_use]
    pub fn with_max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Does work on a body of so many bytes: here if it is small, else in a thread for blocking work; half of the cores
    /// do that at once.
    pub async fn run<T, F>(&self, bytes: usize, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        if bytes <= INLINE_BYTES {
            return Ok(work());
        }
        let turn = Arc::clone(&self.threads).acquire_owned().await.map_err(Problem::internal)?;
        let work = move || {
            let done = work();
            drop(turn);
            done
        };
        spawn_blocking(work).await.map_err(Problem::internal)
    }
}
