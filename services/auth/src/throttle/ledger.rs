//! The failures of many, within bounds.

use super::tally::Tally;
use super::whose::Whose;
use shared::clock::Timestamp;
use std::collections::HashMap;
use std::time::Duration;

/// The most that are kept. To get there takes as many checks of passwords within a quarter of an hour.
const MOST: usize = 200_000;
/// With fewer, nobody looks for what can be forgotten.
const FEW: usize = 1_000;

/// What has failed, by whose it is.
#[derive(Debug)]
pub(super) struct Ledger {
    tallies: HashMap<Whose, Tally>,
    /// With so many, what has faded is looked for.
    sweep_at: usize,
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self { tallies: HashMap::new(), sweep_at: FEW }
    }

    /// How long the next try has to wait.
    pub(super) fn wait(&self, whose: Whose, now: Timestamp) -> Duration {
        self.tallies.get(&whose).map_or(Duration::ZERO, |tally| tally.wait(now))
    }

    /// A try begins.
    pub(super) fn begin(&mut self, whose: Whose, now: Timestamp) {
        if let Some(tally) = self.tallies.get_mut(&whose) {
            tally.fade(whose.rule(), now);
            tally.begin(whose.rule(), now);
        }
    }

    /// A try that has begun came to nothing, or did not fail.
    pub(super) fn give_up(&mut self, whose: Whose, now: Timestamp) {
        if let Some(tally) = self.tallies.get_mut(&whose) {
            tally.give_up(now);
        }
    }

    /// A try has failed.
    pub(super) fn fail(&mut self, whose: Whose, now: Timestamp) {
        if self.tallies.len() >= self.sweep_at {
            self.sweep(now);
        }
        let tally = self.tallies.entry(whose).or_insert_with(|| Tally::new(now));
        tally.fade(whose.rule(), now);
        tally.fail(whose.rule(), now);
    }

    /// Nothing has failed.
    pub(super) fn forget(&mut self, whose: Whose) {
        self.tallies.remove(&whose);
    }

    /// Forgets what has faded; and of too many that have not, the one that began the longest ago.
    fn sweep(&mut self, now: Timestamp) {
        self.tallies.retain(|whose, tally| tally.fade(whose.rule(), now));
        if self.tallies.len() >= MOST {
            let oldest = self.tallies.iter().min_by_key(|(_, tally)| tally.since()).map(|(&whose, _)| whose);
            oldest.map(|whose| self.tallies.remove(&whose));
        }
        self.sweep_at = (2 * self.tallies.len()).clamp(FEW, MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tally::MEMORY;
    use super::*;
    use shared::clock::Clock;

    #[test]
    fn what_has_faded_is_forgotten_and_there_are_never_too_many() {
        let (clock, mut ledger) = (Clock::manual(), Ledger::new());
        let few = u64::try_from(FEW).unwrap();
        (0..few).for_each(|account| ledger.fail(Whose::Account(account), clock.now()));
        clock.advance(MEMORY);
        ledger.fail(Whose::Account(few), clock.now());
        assert_eq!(ledger.tallies.len(), 1);
        let most = u64::try_from(MOST).unwrap();
        for account in 0..most + 10 {
            clock.advance(Duration::from_micros(1));
            ledger.fail(Whose::Account(account), clock.now());
        }
        assert_eq!(ledger.tallies.len(), MOST);
        let is_kept = |account| ledger.tallies.contains_key(&Whose::Account(account));
        assert!(is_kept(most + 9) && !is_kept(0));
    }
}
