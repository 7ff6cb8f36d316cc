//! Whether a replica is sent requests: not for a while after it failed.

use crate::timeouts::Timeouts;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// So many failures in a row put a replica out.
const FAILURES: u32 = 5;

/// A replica that fails each time that it comes back is left out longer each time, up to so many times as long.
const MOST_TIMES: u32 = 30;

/// What went wrong with a replica. What a service answers is none of it, a 5xx neither: a database that is down is no
/// better behind another replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection was made.
    NotReached,
    /// It did not answer a check in time.
    NoCheck,
    /// It broke a connection off.
    BrokenOff,
    /// It did not answer a request in time.
    NoAnswer,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotReached => "not reached",
            Self::NoCheck => "no answer to a check",
            Self::BrokenOff => "connections broken off",
            Self::NoAnswer => "no answers in time",
        })
    }
}

/// How a replica stands.
pub(super) struct OutlierDetector {
    /// In a row; [`Record::out`] is looked at only where it is not 0, so that a replica that is well costs one load.
    failures: AtomicU32,
    record: Mutex<Record>,
    first: Duration,
    check: Duration,
}

#[derive(Default)]
struct Record {
    out: Option<Ejection>,
    last_failure: Option<Instant>,
}

/// It was put out. It may be tried again after `until`, but is back only with a success.
#[derive(Clone, Copy)]
struct Ejection {
    failure: Failure,
    times: u32,
    since: Instant,
    until: Instant,
}

impl OutlierDetector {
    pub(super) fn new(patience: Timeouts) -> Self {
        Self {
            failures: AtomicU32::new(0),
            record: Mutex::default(),
            first: patience.out,
            check: patience.check,
        }
    }

    pub(super) fn is_out(&self) -> bool {
        self.failures.load(Ordering::Relaxed) > 0
            && self.record().out.is_some_and(|out| Instant::now() < out.until)
    }

    pub(super) fn is_up(&self) -> bool {
        self.failures.load(Ordering::Relaxed) == 0 || self.record().out.is_none()
    }

    pub(super) fn last_failure(&self) -> Option<Instant> {
        self.record().last_failure
    }

    /// Whether this has brought it back. An answer to what was sent before it was put out says nothing of it now.
    pub(super) fn succeeded(&self, sent: Instant) -> bool {
        if self.failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut record = self.record();
        if record.out.is_some_and(|out| sent < out.since) {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        record.out.take().is_some()
    }

    /// Whether this has brought it back. One that fails at requests answers checks, perhaps: it has to wait its time.
    pub(super) fn passed_check(&self) -> bool {
        let mut record = self.record();
        let is_reached = |out: &mut Ejection| matches!(out.failure, Failure::NotReached | Failure::NoCheck);
        let is_back = record.out.take_if(is_reached).is_some();
        if is_back {
            self.failures.store(0, Ordering::Relaxed);
        }
        is_back
    }

    /// For how long it is left out, if it was not before.
    pub(super) fn failed(&self, failure: Failure) -> Option<Duration> {
        let mut record = self.record();
        let now = Instant::now();
        record.last_failure = Some(now);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let at_once = matches!(failure, Failure::NotReached | Failure::NoCheck);
        if failures < FAILURES && !at_once && record.out.is_none() {
            return None;
        }
        let before = record.out;
        // Of many requests that fail at once, one counts; a check that fails keeps it out until the next has had its turn.
        if before.is_some_and(|out| now < out.until && failure != Failure::NoCheck) {
            return None;
        }
        let times = before.map_or(1, |out| out.times.saturating_mul(2)).min(MOST_TIMES);
        let least = if failure == Failure::NoCheck { self.check * 3 } else { Duration::ZERO };
        let time = jittered(self.first * times).max(least);
        record.out = Some(Ejection { failure, times, since: now, until: now + time });
        before.is_none().then_some(time)
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Three to five quarters of a time, so that gateways do not come back all at once.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(0.75 + 0.5 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const CHECK: Duration = Duration::from_secs(2);

    fn standing() -> OutlierDetector {
        OutlierDetector::new(Timeouts { out: Duration::from_secs(1), check: CHECK, ..Timeouts::default() })
    }

    /// From now until it is tried again.
    async fn time_out(standing: &OutlierDetector) -> Duration {
        let began = Instant::now();
        while standing.is_out() {
            advance(Duration::from_millis(10)).await;
        }
        began.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_on_coming_back_is_left_out_for_longer_up_to_a_limit() {
        let standing = standing();
        for _ in 0..4 {
            assert_eq!(standing.failed(Failure::BrokenOff), None);
            assert!(!standing.is_out());
        }
        assert!(standing.failed(Failure::BrokenOff).is_some());
        for times in [1, 2, 4, 8, 16, 30, 30] {
            let (least, most) = (Duration::from_millis(740), Duration::from_millis(1270));
            let time = time_out(&standing).await;
            assert!((least * times..=most * times).contains(&time), "{times}: {time:?}");
            // Told once, however often it fails.
            assert_eq!(standing.failed(Failure::BrokenOff), None);
            assert_eq!(standing.failed(Failure::BrokenOff), None);
        }
        time_out(&standing).await;
        assert!(standing.succeeded(Instant::now()));
        assert!(standing.failed(Failure::NotReached).is_some(), "its past is forgotten");
        assert!(time_out(&standing).await < Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_what_was_sent_before_brings_nobody_back() {
        let standing = standing();
        let before = Instant::now();
        advance(Duration::from_millis(1)).await;
        standing.failed(Failure::NotReached);
        assert!(!standing.succeeded(before) && standing.is_out());
        advance(Duration::from_millis(1)).await;
        assert!(standing.succeeded(Instant::now()) && !standing.is_out());
    }

    #[tokio::test(start_paused = true)]
    async fn a_check_brings_back_who_was_not_reached_but_not_who_fails_at_requests() {
        let standing = standing();
        standing.failed(Failure::NotReached);
        assert!(standing.passed_check() && !standing.is_out());
        for _ in 0..5 {
            standing.failed(Failure::BrokenOff);
        }
        assert!(!standing.passed_check() && standing.is_out());
    }

    #[tokio::test(start_paused = true)]
    async fn who_fails_at_checks_is_out_until_the_next_one() {
        let standing = standing();
        for _ in 0..10 {
            standing.failed(Failure::NoCheck);
            advance(CHECK * 2).await;
            assert!(standing.is_out());
        }
        assert!(standing.passed_check() && !standing.is_out());
    }
}
