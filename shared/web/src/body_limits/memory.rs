//! The memory budget of all bodies in flight: a semaphore of bytes.
//!
//! A reservation grows as bytes arrive and is released when it is dropped. One that finds no memory waits up to 2 s in all and
//! fails then, so a deadlock of bodies that wait for one another ends by failing some of them.
//!
//! One eighth is reserved for bodies of at most [`SMALL_BYTES`]: large ones cannot starve them.

use crate::problem::Problem;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use bytesize::ByteSize;
use shared::env::{ConfigError, Env};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

/// How long a reservation waits for memory in all.
const MAX_MEMORY_WAIT: Duration = Duration::from_secs(2);
/// The largest reservation that may take of the last eighth.
pub const SMALL_BYTES: usize = 512 << 10;
/// The default of `BODY_MEMORY`.
const DEFAULT_BYTES: usize = 128 << 20;
/// The least `BODY_MEMORY`: one body of the largest size beside its parsed fields.
const MIN_BYTES: usize = 32 << 20;
/// The largest `BODY_MEMORY`: more is taken for a mistaken unit.
const MAX_BYTES: usize = 1 << 40;

/// The memory budget of all bodies in flight. Clones share it.
#[derive(Debug, Clone)]
pub struct MemoryBudget(Arc<Shares>);

#[derive(Debug)]
struct Shares {
    bytes: usize,
    all: Arc<Semaphore>,
    /// The part that large reservations may take.
    large: Arc<Semaphore>,
}

/// No memory became free in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Too much is in flight, try again")]
pub struct OutOfMemory;

impl From<OutOfMemory> for Problem {
    /// 503, without a cause: a log line for each would add to the load while memory is short.
    fn from(error: OutOfMemory) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", error.to_string())
            .with_header(RETRY_AFTER, HeaderValue::from_static("1"))
    }
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(DEFAULT_BYTES)
    }
}

impl MemoryBudget {
    /// A budget of `bytes`.
    pub fn new(bytes: usize) -> Self {
        let large = bytes - bytes / 8;
        let semaphore = |bytes: usize| Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS)));
        Self(Arc::new(Shares { bytes, all: semaphore(bytes), large: semaphore(large) }))
    }

    /// Reads `BODY_MEMORY`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let name = "BODY_MEMORY";
        let expected = "a number of bytes, also with KiB, MiB or GiB, such as 128MiB";
        let size = env.optional::<ByteSize>(name, expected)?.map(|size| usize::try_from(size.as_u64()));
        let bytes = size.map_or(DEFAULT_BYTES, |size| size.unwrap_or(usize::MAX));
        if !(MIN_BYTES..=MAX_BYTES).contains(&bytes) {
            return Err(ConfigError::new(
                name,
                format!("is {bytes} bytes; expected at least 32MiB, and at most 1TiB"),
            ));
        }
        Ok(Self::new(bytes))
    }

    /// An empty reservation.
    pub fn reservation(&self) -> Reservation {
        Reservation { budget: self.clone(), all: None, large: None, waited: Duration::ZERO }
    }

    /// Reserves `bytes`, or as many as a reservation can have.
    pub async fn reserve(&self, bytes: usize) -> Result<Reservation, OutOfMemory> {
        let mut reservation = self.reservation();
        reservation.grow_to(bytes).await?;
        Ok(reservation)
    }

    /// How many bytes are not reserved.
    pub fn available(&self) -> usize {
        self.0.all.available_permits()
    }

    /// The bytes asked for, cut to the most that one reservation can have.
    fn capped(&self, bytes: usize) -> usize {
        if bytes <= SMALL_BYTES { bytes } else { bytes.min(self.0.bytes - self.0.bytes / 8) }
    }
}

/// Reserved bytes of a budget, released on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: MemoryBudget,
    all: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
    /// How long it has waited in all.
    waited: Duration,
}

impl Reservation {
    /// The reserved bytes.
    pub fn bytes(&self) -> usize {
        held(self.all.as_ref())
    }

    /// Waits until at least `bytes` are reserved, or as many as a reservation can have.
    pub async fn grow_to(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        if self.try_grow_to(bytes).is_ok() {
            return Ok(());
        }
        let begun = Instant::now();
        let left = MAX_MEMORY_WAIT.saturating_sub(self.waited);
        let acquired = timeout(left, self.acquire(self.budget.capped(bytes))).await;
        self.waited += begun.elapsed();
        acquired.unwrap_or(Err(OutOfMemory))
    }

    /// Grows to `bytes` if they are free now.
    pub fn try_grow_to(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        let bytes = self.budget.capped(bytes);
        let shares = &self.budget.0;
        if bytes > SMALL_BYTES {
            try_take(&shares.large, &mut self.large, bytes)?;
        }
        try_take(&shares.all, &mut self.all, bytes)
    }

    /// Takes the reservation, and leaves an empty one.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, self.budget.reservation())
    }

    /// Releases all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        for share in [&mut self.all, &mut self.large].into_iter().flatten() {
            let more = share.num_permits().saturating_sub(bytes);
            drop(share.split(more));
        }
        if bytes <= SMALL_BYTES {
            self.large = None;
        }
    }

    async fn acquire(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        let shares = Arc::clone(&self.budget.0);
        if bytes > SMALL_BYTES {
            take(&shares.large, &mut self.large, bytes).await?;
        }
        take(&shares.all, &mut self.all, bytes).await
    }
}

fn held(permit: Option<&OwnedSemaphorePermit>) -> usize {
    permit.map_or(0, OwnedSemaphorePermit::num_permits)
}

/// The bytes that are missing; a semaphore takes at most 32 bits at once.
fn missing(permit: Option<&OwnedSemaphorePermit>, bytes: usize) -> u32 {
    u32::try_from(bytes.saturating_sub(held(permit))).unwrap_or(u32::MAX)
}

fn try_take(
    share: &Arc<Semaphore>,
    permit: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
) -> Result<(), OutOfMemory> {
    let more = missing(permit.as_ref(), bytes);
    if more > 0 {
        let more = Arc::clone(share).try_acquire_many_owned(more).map_err(|_| OutOfMemory)?;
        merge(permit, more);
    }
    Ok(())
}

async fn take(
    share: &Arc<Semaphore>,
    permit: &mut Option<OwnedSemaphorePermit>,
    bytes: usize,
) -> Result<(), OutOfMemory> {
    let more = missing(permit.as_ref(), bytes);
    if more > 0 {
        let more = Arc::clone(share).acquire_many_owned(more).await.map_err(|_| OutOfMemory)?;
        merge(permit, more);
    }
    Ok(())
}

fn merge(permit: &mut Option<OwnedSemaphorePermit>, more: OwnedSemaphorePermit) {
    match permit {
        Some(permit) => permit.merge(more),
        None => *permit = Some(more),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    const MIB: usize = 1 << 20;

    #[test]
    fn a_wrong_size_is_an_error_of_one_line() {
        for (text, bytes) in [("33554432", 32 * MIB), ("128MiB", 128 * MIB), ("1 GiB", 1 << 30)] {
            let budget = MemoryBudget::from_env(&Env::of([("BODY_MEMORY", text)])).unwrap();
            assert_eq!(budget.available(), bytes, "{text}");
        }
        let line =
            |value| MemoryBudget::from_env(&Env::of([("BODY_MEMORY", value)])).unwrap_err().to_string();
        assert!(line("1MiB").contains("expected at least 32MiB"), "{}", line("1MiB"));
        assert!(line("much").starts_with("BODY_MEMORY: "), "{}", line("much"));
        assert_eq!(MemoryBudget::from_env(&Env::default()).unwrap().available(), 128 * MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn reservations_are_released_and_never_exceed_the_budget() {
        let budget = MemoryBudget::new(64 * MIB);
        let mut one = budget.reserve(30 * MIB).await.unwrap();
        assert_eq!((one.bytes(), budget.available()), (30 * MIB, 34 * MIB));
        assert_eq!(one.try_grow_to(57 * MIB), Ok(()), "56 MiB is all that a large one can have");
        assert_eq!(budget.reserve(MIB).await.unwrap_err(), OutOfMemory);
        assert!(budget.reserve(SMALL_BYTES).await.is_ok(), "the last eighth is for small ones");
        one.shrink_to(MIB);
        assert_eq!(budget.available(), 63 * MIB);
        one.grow_to(4 * MIB).await.unwrap();
        drop(one);
        assert_eq!(budget.available(), 64 * MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deadlock_of_half_read_bodies_ends_within_three_waits() {
        let budget = MemoryBudget::new(64 * MIB);
        let begun = Instant::now();
        let read = async |budget: &MemoryBudget| {
            let mut body = budget.reservation();
            for piece in 1..=16 {
                body.grow_to(piece * MIB).await?;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Ok::<_, OutOfMemory>(())
        };
        let read = join_all((0..60).map(|_| read(&budget))).await;
        let whole = read.iter().filter(|read| read.is_ok()).count();
        assert!((1..60).contains(&whole), "{whole}");
        assert!(begun.elapsed() < 3 * MAX_MEMORY_WAIT, "{:?}", begun.elapsed());
        assert_eq!(budget.available(), 64 * MIB);
    }
}
