//! When requests are due, independent of earlier ones.

use std::time::Duration;

/// Evenly spaced requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    per_second: u32,
}

impl Schedule {
    /// This many requests per second.
    pub(crate) fn new(per_second: u32) -> Self {
        Self { per_second: per_second.max(1) }
    }

    /// When the request with this number is due; the first has the number 0.
    pub(crate) fn due(self, number: u32) -> Duration {
        Duration::from_nanos(u64::from(number) * 1_000_000_000 / u64::from(self.per_second))
    }

    /// The number of requests that are due at this time after the start.
    pub(crate) fn due_by(self, elapsed: Duration) -> u32 {
        let number = elapsed.as_nanos() * u128::from(self.per_second) / 1_000_000_000;
        u32::try_from(number + 1).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_request_is_due_at_once_and_the_others_evenly() {
        let schedule = Schedule::new(500);
        assert_eq!(schedule.due(0), Duration::ZERO);
        assert_eq!(schedule.due(1), Duration::from_millis(2));
        assert_eq!(schedule.due(500), Duration::from_secs(1));
    }

    #[test]
    fn a_late_poll_finds_all_due_requests() {
        for per_second in [1, 3, 7, 100, 999, 5000, 30_000] {
            let schedule = Schedule::new(per_second);
            for number in (0..100).chain(999_990..1_000_000) {
                let at = schedule.due(number);
                // The time of one that does not fall on a nanosecond is cut.
                let soon = at + Duration::from_nanos(1);
                assert_eq!(schedule.due_by(soon), number + 1, "{number} at {per_second}");
            }
            assert_eq!(schedule.due_by(Duration::from_secs(2)), 2 * per_second + 1);
        }
    }
}
