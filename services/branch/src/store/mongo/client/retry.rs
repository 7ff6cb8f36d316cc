//! How long an operation tries again.

use crate::error::Error;
use crate::store::mongo::client::errors::unavailable;
use shared::ids::KeyId;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

/// For how long all tries of one operation may take.
const LIMIT: Duration = Duration::from_secs(5);
/// For how long a second look may take, at a server that has just failed.
const BRIEFLY: Duration = Duration::from_secs(1);
/// The longest pause after the first try; it doubles with each, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_millis(16);

/// What is left of the time for an operation.
#[derive(Debug)]
pub(crate) struct Patience {
    end: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { end: Instant::now() + LIMIT, pause: FIRST }
    }

    /// Waits for something as long as there is time, and not for long.
    pub(crate) async fn wait_briefly<T>(&self, work: impl Future<Output = T>) -> Result<T, Error> {
        timeout_at(self.end.min(Instant::now() + BRIEFLY), work).await.map_err(unavailable)
    }

    /// Waits until the time is over.
    pub(crate) async fn over(&self) {
        sleep_until(self.end).await;
    }

    /// Pauses before the next try, for a time by chance, so that those who collided do not do so again.
    pub(crate) async fn pause(&mut self) -> Result<(), Error> {
        // The last bits of an id are random.
        let chance = KeyId::generate().as_uuid().as_bytes().last().copied().unwrap_or_default();
        let pause = self.pause.mul_f64(f64::from(chance) / 255.0);
        if Instant::now() + pause >= self.end {
            return Err(unavailable("others came first for too long"));
        }
        sleep(pause).await;
        self.pause = (self.pause * 2).min(LONGEST);
        Ok(())
    }
}
