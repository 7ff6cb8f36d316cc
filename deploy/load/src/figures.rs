//! Figures, their aims, and their formats.

use std::fmt::Display;
use std::time::Duration;

/// The latency that this percentage does not exceed (nearest rank).
pub(crate) fn percentile(latencies: &[Duration], percent: usize) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

/// A time in milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// How many a second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64().max(f64::EPSILON)
}

/// How often `whole` is in `part`; 0 where there is no whole.
pub(crate) fn ratio(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// A table of figures with their aims.
#[derive(Debug)]
pub(crate) struct Report {
    is_well: bool,
}

impl Report {
    /// Nothing amiss yet.
    pub(crate) fn new() -> Self {
        Self { is_well: true }
    }

    /// A figure that has no aim.
    #[expect(clippy::unused_self, reason = "all lines of a report are written by it")]
    pub(crate) fn tell(&self, what: &str, figure: impl Display) {
        println!("     {what:<46} {figure}");
    }

    /// A figure, and whether it reaches its aim.
    pub(crate) fn hold(&mut self, what: &str, figure: impl Display, aim: &str, is_reached: bool) {
        let verdict = if is_reached { "" } else { "  MISSED" };
        self.tell(what, format!("{figure:<12} (aim: {aim}){verdict}"));
        self.is_well &= is_reached;
    }

    /// Whether each aim is reached.
    pub(crate) fn is_well(&self) -> bool {
        self.is_well
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_nearest_rank() {
        let latencies: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile(&latencies, 50), Duration::from_millis(100));
        assert_eq!(percentile(&latencies, 99), Duration::from_millis(198));
        assert_eq!(percentile(&latencies, 100), Duration::from_millis(200));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }

    #[test]
    fn one_missed_aim_is_enough() {
        let mut report = Report::new();
        report.hold("one", 1, "1", true);
        assert!(report.is_well());
        report.hold("another", 1, "2", false);
        report.hold("a third", 1, "1", true);
        assert!(!report.is_well());
    }

    #[test]
    fn without_a_whole_there_is_no_ratio() {
        assert!((ratio(Duration::from_secs(3), Duration::from_secs(2)) - 1.5).abs() < 1e-9);
        assert!(ratio(Duration::from_secs(3), Duration::ZERO).abs() < 1e-9);
        assert!((rate(30, Duration::from_secs(2)) - 15.0).abs() < 1e-9);
    }
}
