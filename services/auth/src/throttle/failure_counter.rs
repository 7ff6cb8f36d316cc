//! Failed logins of one key, and the wait that they cost: exponential, and forgotten with time (a leaky bucket).

use shared::clock::Timestamp;
use std::time::Duration;

/// How long failures count.
pub(super) const FAILURE_TTL: Duration = Duration::from_secs(15 * 60);
/// The longest wait in seconds: nobody is locked out for good.
const MAX_WAIT_SECONDS: u64 = 60;

/// A rule for failures.
#[derive(Debug, Clone, Copy)]
pub(super) struct ThrottleRule {
    /// Failures that cost no wait.
    pub(super) free_failures: u32,
    /// Whether failures leak one by one, `free` of them in [`FAILURE_TTL`]; else all are forgotten at once, [`FAILURE_TTL`]
    /// after the last.
    pub(super) decays: bool,
}

/// The failures of one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureCounter {
    failures: u32,
    /// When the decay of the present failures began.
    since: Timestamp,
    until: Timestamp,
}

impl FailureCounter {
    pub(super) fn new(now: Timestamp) -> Self {
        Self { failures: 0, since: now, until: now }
    }

    /// When the decay of the present failures began: of two counters, the earlier matters less.
    pub(super) fn since(&self) -> Timestamp {
        self.since
    }

    /// The wait before the next attempt.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        let wait = span(now, self.until);
        // A clock that was set back must lock nobody out.
        if wait > Duration::from_secs(MAX_WAIT_SECONDS) { Duration::ZERO } else { wait }
    }

    /// Begins an attempt. Once failures cost a wait, no other attempt can begin meanwhile.
    pub(super) fn begin(&mut self, rule: ThrottleRule, now: Timestamp) {
        if self.failures >= rule.free_failures {
            self.until = now.plus(cost(rule, self.failures.saturating_add(1)));
        }
    }

    /// Ends an attempt that has neither failed nor succeeded.
    pub(super) fn cancel(&mut self, now: Timestamp) {
        self.until = now;
    }

    /// Counts a failed attempt.
    pub(super) fn fail(&mut self, rule: ThrottleRule, now: Timestamp) {
        if !rule.decays || self.failures == 0 {
            self.since = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.until = now.plus(cost(rule, self.failures));
    }

    /// Forgets failures that are long ago. Returns whether any failure or wait is left.
    pub(super) fn decay(&mut self, rule: ThrottleRule, now: Timestamp) -> bool {
        let passed = span(self.since, now);
        if passed >= FAILURE_TTL {
            self.failures = if rule.decays { self.failures.saturating_sub(rule.free_failures) } else { 0 };
            self.since = now;
        } else if rule.decays {
            let each = FAILURE_TTL / rule.free_failures.max(1);
            let leaked = u32::try_from(passed.as_micros() / each.as_micros().max(1)).unwrap_or(u32::MAX);
            self.failures = self.failures.saturating_sub(leaked);
            self.since = self.since.plus(each.saturating_mul(leaked));
        }
        self.failures > 0 || !self.wait(now).is_zero()
    }
}

/// The wait after this many failures: 1 s after the first that is not free, then twice as long each time.
fn cost(rule: ThrottleRule, failures: u32) -> Duration {
    match failures.saturating_sub(rule.free_failures) {
        0 => Duration::ZERO,
        over => Duration::from_secs(2_u64.saturating_pow(over - 1).min(MAX_WAIT_SECONDS)),
    }
}

fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(to.as_micros().saturating_sub(from.as_micros())).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::clock::Clock;

    const IN_A_ROW: ThrottleRule = ThrottleRule { free_failures: 3, decays: false };
    const LEAKING: ThrottleRule = ThrottleRule { free_failures: 90, decays: true };

    fn fail(counter: &mut FailureCounter, rule: ThrottleRule, clock: &Clock) -> u64 {
        counter.decay(rule, clock.now());
        counter.begin(rule, clock.now());
        counter.fail(rule, clock.now());
        counter.wait(clock.now()).as_secs()
    }

    #[test]
    fn waits_double_up_to_60_s() {
        let clock = Clock::manual();
        let mut counter = FailureCounter::new(clock.now());
        let waits: Vec<_> = (0..12)
            .map(|_| {
                let wait = fail(&mut counter, IN_A_ROW, &clock);
                clock.advance(Duration::from_secs(wait));
                assert!(counter.wait(clock.now()).is_zero());
                wait
            })
            .collect();

        assert_eq!(waits, [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn once_failures_cost_a_wait_one_attempt_runs_at_a_time() {
        let clock = Clock::manual();
        let mut counter = FailureCounter::new(clock.now());
        for _ in 0..3 {
            counter.begin(IN_A_ROW, clock.now());
            assert!(counter.wait(clock.now()).is_zero());
            counter.fail(IN_A_ROW, clock.now());
        }
        counter.begin(IN_A_ROW, clock.now());
        assert_eq!(counter.wait(clock.now()), Duration::from_secs(1));

        counter.cancel(clock.now());
        assert!(counter.wait(clock.now()).is_zero());
    }

    #[test]
    fn failures_in_a_row_are_forgotten_15_min_after_the_last() {
        let clock = Clock::manual();
        let mut counter = FailureCounter::new(clock.now());
        for _ in 0..5 {
            fail(&mut counter, IN_A_ROW, &clock);
        }
        clock.advance(Duration::from_secs(899));
        assert!(counter.decay(IN_A_ROW, clock.now()));
        assert_eq!(fail(&mut counter, IN_A_ROW, &clock), 4);

        clock.advance(FAILURE_TTL);
        assert!(!counter.decay(IN_A_ROW, clock.now()));
        assert_eq!(fail(&mut counter, IN_A_ROW, &clock), 0);
    }

    #[test]
    fn other_failures_leak_one_by_one() {
        let clock = Clock::manual();
        let mut counter = FailureCounter::new(clock.now());
        assert_eq!((0..91).map(|_| fail(&mut counter, LEAKING, &clock)).max(), Some(1));

        // One in ten seconds is forgotten.
        clock.advance(Duration::from_secs(20));
        assert_eq!([0; 2].map(|_| fail(&mut counter, LEAKING, &clock)), [0, 1]);

        clock.advance(FAILURE_TTL);
        counter.decay(LEAKING, clock.now());
        assert_eq!(fail(&mut counter, LEAKING, &clock), 0);

        clock.advance(FAILURE_TTL);
        assert!(!counter.decay(LEAKING, clock.now()));
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let clock = Clock::manual();
        let mut counter = FailureCounter::new(clock.now());
        for _ in 0..20 {
            fail(&mut counter, IN_A_ROW, &clock);
        }

        assert_eq!(counter.wait(clock.now()), Duration::from_secs(60));
        assert!(counter.wait(clock.now().minus(Duration::from_secs(3600))).is_zero());
    }
}
