//! The minimum rate of sending a request's body or reading a response: a leaky bucket (`MinRate` of Apache's `mod_reqtimeout`).
//!
//! A transfer has [`MinRate::grace`] from its beginning. Each byte extends its deadline by the time of a byte at the minimum rate,
//! to at most the grace from now. So no pause is longer than the grace, a body of n bytes has the grace and the time of n bytes in
//! all, and a fast beginning earns no credit for a slow end.

use shared::env::{ConfigError, Env};
use shared::settings;
use std::time::Duration;
use tokio::time::Instant;

/// The default of `BODY_TIMEOUT`.
const DEFAULT_GRACE: Duration = Duration::from_secs(30);
/// The default of `BODY_MIN_RATE`: 16 KiB a second.
const DEFAULT_BYTES_PER_SECOND: u32 = 16 << 10;
/// The highest `BODY_MIN_RATE`: the largest body in a second.
const MAX_BYTES_PER_SECOND: u32 = 16 << 20;

/// A minimum rate with a grace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinRate {
    /// The longest pause.
    pub grace: Duration,
    /// The minimum rate; 0 is none.
    pub bytes_per_second: u32,
}

impl Default for MinRate {
    fn default() -> Self {
        Self { grace: DEFAULT_GRACE, bytes_per_second: DEFAULT_BYTES_PER_SECOND }
    }
}

impl MinRate {
    /// Reads `BODY_TIMEOUT`, in seconds, and `BODY_MIN_RATE`, in bytes a second; 0 is no rate beside the time-out.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let range = 0..=MAX_BYTES_PER_SECOND;
        settings!(Self {
            grace: env.timeout("BODY_TIMEOUT", DEFAULT_GRACE),
            bytes_per_second: env.number("BODY_MIN_RATE", "bytes a second", range, DEFAULT_BYTES_PER_SECOND),
        })
    }

    /// Begins a transfer.
    pub fn begin(self) -> TransferDeadline {
        TransferDeadline { rate: self, at: Instant::now() + self.grace }
    }

    /// The time of `bytes` at this rate.
    fn time_of(self, bytes: usize) -> Duration {
        if self.bytes_per_second == 0 {
            return self.grace;
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        Duration::from_secs_f64(f64::from(bytes) / f64::from(self.bytes_per_second))
    }
}

/// The deadline of a transfer, which each byte extends.
#[derive(Debug, Clone, Copy)]
pub struct TransferDeadline {
    rate: MinRate,
    at: Instant,
}

impl TransferDeadline {
    /// Extends the deadline for `bytes` that were transferred.
    pub fn record_progress(&mut self, bytes: usize) {
        self.at = (self.at + self.rate.time_of(bytes)).min(Instant::now() + self.rate.grace);
    }

    /// Extends the deadline by a time in which the sender had to wait.
    pub fn extend(&mut self, time: Duration) {
        self.at = (self.at + time).min(Instant::now() + self.rate.grace);
    }

    /// The deadline.
    pub fn at(&self) -> Instant {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, sleep_until};

    const RATE: MinRate = MinRate { grace: Duration::from_secs(30), bytes_per_second: 1000 };

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_ended_within_twice_the_grace_however_it_is_cut() {
        for (bytes, every) in [(1, 1), (1, 10), (1000, 2), (0, 29)] {
            let (begun, mut deadline) = (Instant::now(), RATE.begin());
            while begun.elapsed().as_secs() < 200 && Instant::now() < deadline.at() {
                advance(Duration::from_secs(every)).await;
                deadline.record_progress(bytes);
            }
            let took = begun.elapsed().as_secs();
            assert!((30..=62).contains(&took), "{bytes} bytes each {every} s: {took} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_transfer_at_the_rate_is_never_late_and_a_fast_beginning_earns_no_credit() {
        let mut deadline = RATE.begin();
        for _ in 0..1000 {
            advance(Duration::from_secs(10)).await;
            assert!(Instant::now() < deadline.at());
            deadline.record_progress(10_000);
        }
        deadline.record_progress(usize::MAX);
        let begun = Instant::now();
        sleep_until(deadline.at()).await;
        assert_eq!(begun.elapsed().as_secs(), 30);
    }

    #[test]
    fn the_grace_and_the_rate_are_read_from_variables() {
        let env = Env::of([("BODY_TIMEOUT", "7"), ("BODY_MIN_RATE", "0")]);
        let rate = MinRate::from_env(&env).unwrap();
        assert_eq!((rate.grace.as_secs(), rate.bytes_per_second), (7, 0));
        assert_eq!(rate.time_of(1), rate.grace);
        for (name, value) in [("BODY_TIMEOUT", "0"), ("BODY_TIMEOUT", "86401"), ("BODY_MIN_RATE", "-1")]
            .into_iter()
            .chain([("BODY_MIN_RATE", "fast"), ("BODY_MIN_RATE", "16777217")])
        {
            let line = MinRate::from_env(&Env::of([(name, value)])).unwrap_err().to_string();
            assert!(line.starts_with(&format!("{name}: ")), "{line}");
        }
    }
}
