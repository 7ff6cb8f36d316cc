//! The clock of the machine, beside those of others.

use crate::check::report::Report;
use crate::clock::Timestamp;
use std::time::Duration;

/// The clock that is behind this, the beginning of 2026, was never set.
const EARLIEST_SECONDS: i64 = 1_767_225_600;
/// How far two clocks may be apart. Tokens are taken for so long after their time; more, and they are refused.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// Whether the machine's clock can be right.
pub fn check_own_clock(report: &mut Report, now: Timestamp) {
    if now.as_seconds() < EARLIEST_SECONDS {
        let advice = "set it, and have it kept by NTP: tokens and times depend on it";
        report.error("clock", format!("says {now}, which is over"), advice);
    } else {
        report.ok("clock", format!("says {now}"));
    }
}

/// Whether the clock of this machine, and that of something else, which was read between `before` and `after`, agree.
pub fn check_clock(report: &mut Report, whose: &str, theirs: Timestamp, before: Timestamp, after: Timestamp) {
    let (theirs, before, after) = (theirs.as_micros(), before.as_micros(), after.as_micros());
    let difference = (theirs - after).max(before - theirs).max(0);
    let difference = Duration::from_micros(u64::try_from(difference).unwrap_or_default());
    if difference <= MAX_CLOCK_DIFFERENCE {
        return report.ok("clock", format!("agrees with that of {whose}"));
    }
    let seconds = difference.as_secs();
    let side = if theirs > after { "behind" } else { "before" };
    let advice = "have both kept by NTP: tokens that one makes may not count at the other";
    report.error("clock", format!("is {seconds} s {side} that of {whose}"), advice);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::report::Status;

    #[test]
    fn clocks_that_are_more_than_five_seconds_apart_are_told() {
        let at = |seconds: i64| Timestamp::from_micros((EARLIEST_SECONDS + seconds) * 1_000_000).unwrap();
        // The answer took two seconds, from 100 to 102.
        for (theirs, says, status) in [
            (101, "agrees", Status::Ok),
            (95, "agrees", Status::Ok),
            (107, "agrees", Status::Ok),
            (94, "is 6 s before", Status::Error),
            (108, "is 6 s behind", Status::Error),
        ] {
            let mut report = Report::default();
            check_clock(&mut report, "the database", at(theirs), at(100), at(102));
            let finding = &report.findings()[0];
            assert!(finding.detail.starts_with(says) && finding.status == status, "{theirs}: {finding:?}");
        }
    }

    #[test]
    fn a_clock_that_was_never_set_is_told() {
        for (micros, is_well) in [(0, false), ((EARLIEST_SECONDS + 1) * 1_000_000, true)] {
            let mut report = Report::default();
            check_own_clock(&mut report, Timestamp::from_micros(micros).unwrap());
            assert_eq!(report.is_well(), is_well);
        }
    }
}
