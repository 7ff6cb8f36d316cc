//! Outlier ejection: a replica that fails gets no requests for a while, longer each time (exponential back-off), as with
//! Envoy's outlier detection on consecutive failures.

use crate::timeouts::Timeouts;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Consecutive failures that eject a replica.
const CONSECUTIVE_FAILURES: u32 = 5;

/// The longest ejection, as a multiple of the first one.
const MAX_EJECTION_MULTIPLE: u32 = 30;

/// A failure of a replica. No response of a service is one, not even a 5xx: a database that is down is no better behind
/// another replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The connection was not made.
    ConnectFailed,
    /// The health check was not answered in time.
    HealthCheckFailed,
    /// The connection broke.
    ConnectionBroken,
    /// A request was not answered in time.
    ResponseTimeout,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConnectFailed => "not reached",
            Self::HealthCheckFailed => "no answer to a check",
            Self::ConnectionBroken => "connections broken off",
            Self::ResponseTimeout => "no answers in time",
        })
    }
}

/// Decides whether a replica is ejected, from how its requests and health checks end.
pub(super) struct OutlierDetector {
    /// In a row. The mutex is locked only where this is not 0, so that a healthy replica costs one load.
    consecutive_failures: AtomicU32,
    history: Mutex<History>,
    base_ejection: Duration,
    health_check_interval: Duration,
}

#[derive(Default)]
struct History {
    ejection: Option<Ejection>,
    last_failure: Option<Instant>,
}

/// The replica gets no requests before `until`. After that it is tried again, and one success ends the ejection.
#[derive(Clone, Copy)]
struct Ejection {
    failure: Failure,
    /// Its length as a multiple of the first one's.
    multiple: u32,
    since: Instant,
    until: Instant,
}

impl OutlierDetector {
    pub(super) fn new(timeouts: Timeouts) -> Self {
        Self {
            consecutive_failures: AtomicU32::new(0),
            history: Mutex::default(),
            base_ejection: timeouts.base_ejection,
            health_check_interval: timeouts.health_check_interval,
        }
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.consecutive_failures.load(Ordering::Relaxed) > 0
            && self.history().ejection.is_some_and(|ejection| Instant::now() < ejection.until)
    }

    /// Whether no ejection is left to be ended by a success.
    pub(super) fn is_up(&self) -> bool {
        self.consecutive_failures.load(Ordering::Relaxed) == 0 || self.history().ejection.is_none()
    }

    pub(super) fn last_failure(&self) -> Option<Instant> {
        self.history().last_failure
    }

    /// Records that a request sent at this moment was answered; true if that ends an ejection. A request sent before the
    /// ejection says nothing of the replica now.
    pub(super) fn record_success(&self, sent: Instant) -> bool {
        if self.consecutive_failures.load(Ordering::Relaxed) == 0 {
            return false;
        }
        let mut history = self.history();
        if history.ejection.is_some_and(|ejection| sent < ejection.since) {
            return false;
        }
        self.consecutive_failures.store(0, Ordering::Relaxed);
        history.ejection.take().is_some()
    }

    /// Records a health check that passed; true if that ends an ejection. A replica that fails at requests may well answer
    /// checks: its ejection goes on.
    pub(super) fn record_passed_check(&self) -> bool {
        let mut history = self.history();
        let is_unreached = |ejection: &mut Ejection| {
            matches!(ejection.failure, Failure::ConnectFailed | Failure::HealthCheckFailed)
        };
        let is_ended = history.ejection.take_if(is_unreached).is_some();
        if is_ended {
            self.consecutive_failures.store(0, Ordering::Relaxed);
        }
        is_ended
    }

    /// Records a failure; the length of the ejection if that begins one.
    pub(super) fn record_failure(&self, failure: Failure) -> Option<Duration> {
        let mut history = self.history();
        let now = Instant::now();
        history.last_failure = Some(now);
        let failures = self.consecutive_failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let is_unreached = matches!(failure, Failure::ConnectFailed | Failure::HealthCheckFailed);
        if failures < CONSECUTIVE_FAILURES && !is_unreached && history.ejection.is_none() {
            return None;
        }
        let before = history.ejection;
        // Of many requests that fail at once, one counts; a failed check ejects until the next has had its turn.
        if before.is_some_and(|ejection| now < ejection.until && failure != Failure::HealthCheckFailed) {
            return None;
        }
        let multiple =
            before.map_or(1, |ejection| ejection.multiple.saturating_mul(2)).min(MAX_EJECTION_MULTIPLE);
        let min = if failure == Failure::HealthCheckFailed {
            self.health_check_interval * 3
        } else {
            Duration::ZERO
        };
        let time = jittered(self.base_ejection * multiple).max(min);
        history.ejection = Some(Ejection { failure, multiple, since: now, until: now + time });
        before.is_none().then_some(time)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 75 to 125 % of a time, so that gateways do not come back all at once.
fn jittered(time: Duration) -> Duration {
    time.mul_f64(0.75 + 0.5 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const HEALTH_CHECK_INTERVAL: Duration = Duration::from_secs(2);

    fn detector() -> OutlierDetector {
        OutlierDetector::new(Timeouts {
            base_ejection: Duration::from_secs(1),
            health_check_interval: HEALTH_CHECK_INTERVAL,
            ..Timeouts::default()
        })
    }

    /// The time from now until the ejection is over.
    async fn time_ejected(detector: &OutlierDetector) -> Duration {
        let started = Instant::now();
        while detector.is_ejected() {
            advance(Duration::from_millis(10)).await;
        }
        started.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_eject_and_each_further_ejection_is_twice_as_long_up_to_30_times() {
        let detector = detector();
        for _ in 0..4 {
            assert_eq!(detector.record_failure(Failure::ConnectionBroken), None);
            assert!(!detector.is_ejected());
        }
        assert!(detector.record_failure(Failure::ConnectionBroken).is_some());

        for multiple in [1, 2, 4, 8, 16, 30, 30] {
            let (min, max) = (Duration::from_millis(740), Duration::from_millis(1270));
            let time = time_ejected(&detector).await;
            assert!((min * multiple..=max * multiple).contains(&time), "{multiple}: {time:?}");
            // Told once, however often it fails.
            assert_eq!(detector.record_failure(Failure::ConnectionBroken), None);
            assert_eq!(detector.record_failure(Failure::ConnectionBroken), None);
        }

        time_ejected(&detector).await;
        assert!(detector.record_success(Instant::now()));
        assert!(detector.record_failure(Failure::ConnectFailed).is_some(), "its past is forgotten");
        assert!(time_ejected(&detector).await < Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_to_a_request_sent_before_the_ejection_does_not_end_it() {
        let detector = detector();
        let before = Instant::now();
        advance(Duration::from_millis(1)).await;
        detector.record_failure(Failure::ConnectFailed);
        assert!(!detector.record_success(before) && detector.is_ejected());
        advance(Duration::from_millis(1)).await;
        assert!(detector.record_success(Instant::now()) && !detector.is_ejected());
    }

    #[tokio::test(start_paused = true)]
    async fn a_passed_check_ends_the_ejection_of_an_unreached_replica_but_not_of_one_that_fails_at_requests()
    {
        let detector = detector();
        detector.record_failure(Failure::ConnectFailed);
        assert!(detector.record_passed_check() && !detector.is_ejected());
        for _ in 0..5 {
            detector.record_failure(Failure::ConnectionBroken);
        }
        assert!(!detector.record_passed_check() && detector.is_ejected());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_check_ejects_until_the_next_check() {
        let detector = detector();
        for _ in 0..10 {
            detector.record_failure(Failure::HealthCheckFailed);
            advance(HEALTH_CHECK_INTERVAL * 2).await;
            assert!(detector.is_ejected());
        }
        assert!(detector.record_passed_check() && !detector.is_ejected());
    }
}
