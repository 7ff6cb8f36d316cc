//! The failure counters of all keys, bounded in number.

use super::failure_counter::FailureCounter;
use super::throttle_key::ThrottleKey;
use shared::clock::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// The most counters. It takes as many checks of passwords within 15 minutes to get there.
const MAX_COUNTERS: usize = 200_000;
/// The fewest counters for which a sweep is worth while.
const MIN_COUNTERS_TO_SWEEP: usize = 1_000;

/// Failure counters by key.
#[derive(Debug)]
pub(super) struct FailureStore {
    counters: HashMap<ThrottleKey, FailureCounter>,
    /// The number of counters at which the next sweep runs.
    sweep_at: usize,
}

impl FailureStore {
    pub(super) fn new() -> Self {
        Self { counters: HashMap::new(), sweep_at: MIN_COUNTERS_TO_SWEEP }
    }

    /// The wait before the next attempt.
    pub(super) fn wait(&self, key: ThrottleKey, now: Timestamp) -> Duration {
        self.counters.get(&key).map_or(Duration::ZERO, |counter| counter.wait(now))
    }

    /// Begins an attempt.
    pub(super) fn begin(&mut self, key: ThrottleKey, now: Timestamp) {
        if let Some(counter) = self.counters.get_mut(&key) {
            counter.decay(key.rule(), now);
            counter.begin(key.rule(), now);
        }
    }

    /// Ends an attempt that has not failed.
    pub(super) fn cancel(&mut self, key: ThrottleKey, now: Timestamp) {
        if let Some(counter) = self.counters.get_mut(&key) {
            counter.cancel(now);
        }
    }

    /// Counts a failed attempt.
    pub(super) fn fail(&mut self, key: ThrottleKey, now: Timestamp) {
        if self.counters.len() >= self.sweep_at {
            self.sweep(now);
        }
        let counter = self.counters.entry(key).or_insert_with(|| FailureCounter::new(now));
        counter.decay(key.rule(), now);
        counter.fail(key.rule(), now);
    }

    /// Forgets all failures of a key.
    pub(super) fn forget(&mut self, key: ThrottleKey) {
        self.counters.remove(&key);
    }

    /// Drops the counters that have decayed; and of too many, the one whose decay began first.
    fn sweep(&mut self, now: Timestamp) {
        self.counters.retain(|key, counter| counter.decay(key.rule(), now));
        if self.counters.len() >= MAX_COUNTERS {
            let oldest = self.counters.iter().min_by_key(|(_, counter)| counter.since()).map(|(&key, _)| key);
            oldest.map(|key| self.counters.remove(&key));
        }
        self.sweep_at = (2 * self.counters.len()).clamp(MIN_COUNTERS_TO_SWEEP, MAX_COUNTERS);
    }
}

#[cfg(test)]
mod tests {
    use super::super::failure_counter::FAILURE_TTL;
    use super::*;
    use shared::clock::Clock;

    #[test]
    fn decayed_counters_are_dropped_and_there_are_never_more_than_the_maximum() {
        let (clock, mut failures) = (Clock::manual(), FailureStore::new());
        let few = u64::try_from(MIN_COUNTERS_TO_SWEEP).unwrap();
        (0..few).for_each(|account| failures.fail(ThrottleKey::Account(account), clock.now()));
        clock.advance(FAILURE_TTL);
        failures.fail(ThrottleKey::Account(few), clock.now());
        assert_eq!(failures.counters.len(), 1);

        let most = u64::try_from(MAX_COUNTERS).unwrap();
        for account in 0..most + 10 {
            clock.advance(Duration::from_micros(1));
            failures.fail(ThrottleKey::Account(account), clock.now());
        }
        assert_eq!(failures.counters.len(), MAX_COUNTERS);

        let is_kept = |account| failures.counters.contains_key(&ThrottleKey::Account(account));
        assert!(is_kept(most + 9) && !is_kept(0));
    }
}
