//! How many logins have failed, and how long the next one has to wait for that.

use shared::clock::Timestamp;
use std::time::Duration;

/// In this time what has failed is forgotten.
pub(super) const MEMORY: Duration = Duration::from_secs(15 * 60);
/// The longest wait in seconds, so that who fails is never kept out for good.
const LONGEST: u64 = 60;

/// A rule for failures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// So many cost nothing.
    pub(super) free: u32,
    /// Whether they are forgotten one by one, so that it is about how many there are in [`MEMORY`]; else all at once, where
    /// the last is as long ago.
    pub(super) fades: bool,
}

/// The failures of one account, of one address, or of both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tally {
    failures: u32,
    /// From when what has failed fades.
    since: Timestamp,
    until: Timestamp,
}

impl Tally {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { failures: 0, since: now, until: now }
    }

    /// From when what has failed fades: of two, the one that matters less has the earlier.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// How long the next try has to wait.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let wait = span(now, self.until);
        // A clock that was set back must keep nobody out.
        if wait > Duration::from_secs(LONGEST) { Duration::ZERO } else { wait }
    }

    /// A try begins. Where failures cost something, no other can begin meanwhile.
    pub(super) fn begin(&mut self, rule: Rule, now: Timestamp) {
        if self.failures >= rule.free {
            self.until = now.plus(cost(rule, self.failures.saturating_add(1)));
        }
    }

    /// The try that has begun came to nothing.
    pub(super) fn give_up(&mut self, now: Timestamp) {
        self.until = now;
    }

    /// The try that has begun has failed.
    pub(super) fn fail(&mut self, rule: Rule, now: Timestamp) {
        if !rule.fades || self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.until = now.plus(cost(rule, self.failures));
    }

    /// Forgets what is long ago. Says whether anything is left.
    pub(super) fn fade(&mut self, rule: Rule, now: Timestamp) -> bool {
        let passed = span(self.since, now);
        if passed >= MEMORY {
            self.failures = if rule.fades { self.failures.saturating_sub(rule.free) } else { 0 };
            self.since = now;
        } else if rule.fades {
            let each = MEMORY / rule.free.max(1);
            let faded = u32::try_from(passed.as_micros() / each.as_micros().max(1)).unwrap_or(u32::MAX);
            self.failures = self.failures.saturating_sub(faded);
            self.since = self.since.plus(each.saturating_mul(faded));
        }
        self.failures > 0 || !self.wait(now).is_zero()
    }
}

/// The wait after so many failures: 1 s after the first that is not free, then twice as long each time.
fn cost(rule: Rule, failures: u32) -> Duration {
    match failures.saturating_sub(rule.free) {
        0 => Duration::ZERO,
        over => Duration::from_secs(2_u64.saturating_pow(over - 1).min(LONGEST)),
    }
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(to.as_micros().saturating_sub(from.as_micros())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::clock::Clock;

    const IN_A_ROW: Rule = Rule { free: 3, fades: false };
    const FADING: Rule = Rule { free: 90, fades: true };

    fn fail(tally: &mut Tally, rule: Rule, clock: &Clock) -> u64 {
        tally.fade(rule, clock.now());
        tally.begin(rule, clock.now());
        tally.fail(rule, clock.now());
        tally.wait(clock.now()).as_secs()
    }

    #[test]
    fn waits_grow_up_to_a_minute() {
        let clock = Clock::manual();
        let mut tally = Tally::new(clock.now());
        let waits: Vec<_> = (0..12)
            .map(|_| {
                let wait = fail(&mut tally, IN_A_ROW, &clock);
                clock.advance(Duration::from_secs(wait));
                assert!(tally.wait(clock.now()).is_zero());
                wait
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn one_try_at_a_time_once_failures_cost_something() {
        let clock = Clock::manual();
        let mut tally = Tally::new(clock.now());
        for _ in 0..3 {
            tally.begin(IN_A_ROW, clock.now());
            assert!(tally.wait(clock.now()).is_zero());
            tally.fail(IN_A_ROW, clock.now());
        }
        tally.begin(IN_A_ROW, clock.now());
        assert_eq!(tally.wait(clock.now()), Duration::from_secs(1));
        tally.give_up(clock.now());
        assert!(tally.wait(clock.now()).is_zero());
    }

    #[test]
    fn failures_in_a_row_are_forgotten_when_the_last_is_long_ago() {
        let clock = Clock::manual();
        let mut tally = Tally::new(clock.now());
        for _ in 0..5 {
            fail(&mut tally, IN_A_ROW, &clock);
        }
        clock.advance(Duration::from_secs(899));
        assert!(tally.fade(IN_A_ROW, clock.now()));
        assert_eq!(fail(&mut tally, IN_A_ROW, &clock), 4);
        clock.advance(MEMORY);
        assert!(!tally.fade(IN_A_ROW, clock.now()));
        assert_eq!(fail(&mut tally, IN_A_ROW, &clock), 0);
    }

    #[test]
    fn others_fade_one_by_one() {
        let clock = Clock::manual();
        let mut tally = Tally::new(clock.now());
        assert_eq!((0..91).map(|_| fail(&mut tally, FADING, &clock)).max(), Some(1));
        // One in ten seconds is forgotten.
        clock.advance(Duration::from_secs(20));
        assert_eq!([0; 2].map(|_| fail(&mut tally, FADING, &clock)), [0, 1]);
        clock.advance(MEMORY);
        tally.fade(FADING, clock.now());
        assert_eq!(fail(&mut tally, FADING, &clock), 0);
        clock.advance(MEMORY);
        assert!(!tally.fade(FADING, clock.now()));
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_out() {
        let clock = Clock::manual();
        let mut tally = Tally::new(clock.now());
        for _ in 0..20 {
            fail(&mut tally, IN_A_ROW, &clock);
        }
        assert_eq!(tally.wait(clock.now()), Duration::from_secs(60));
        assert!(tally.wait(clock.now().minus(Duration::from_secs(3600))).is_zero());
    }
}
