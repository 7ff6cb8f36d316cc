//! Checks of the system clock, alone and against those of other machines.

use crate::check::report::Report;
use crate::clock::Timestamp;
use std::time::Duration;

/// The beginning of 2026: a clock behind it was never set.
const EARLIEST_SECONDS: i64 = 1_767_225_600;
/// The most that two clocks may differ: the leeway of tokens.
const MAX_CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// Checks that the system clock was set.
pub fn check_own_clock(report: &mut Report, now: Timestamp) {
    if now.as_seconds() < EARLIEST_SECONDS {
        let advice = "set it, and have it kept by NTP: tokens and times depend on it";
        report.error("clock", format!("says {now}, which is over"), advice);
    } else {
        report.ok("clock", format!("says {now}"));
    }
}

/// Checks that another clock, which was read between `before` and `after`, agrees with this one.
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
    fn clocks_that_differ_by_more_than_5_s_are_an_error() {
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
    fn a_clock_that_was_never_set_is_an_error() {
        for (micros, is_well) in [(0, false), ((EARLIEST_SECONDS + 1) * 1_000_000, true)] {
            let mut report = Report::default();
            check_own_clock(&mut report, Timestamp::from_micros(micros).unwrap());
            assert_eq!(report.is_well(), is_well);
        }
    }
}
