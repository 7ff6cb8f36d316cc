//! Figures, their aims, and their formats.

use std::fmt::Display;
use std::time::Duration;

/// The latency that this percentage does not exceed (nearest rank).
pub(crate) fn percentile(latencies: &[Duration], percent: usize) -> Duration {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or_default()
}

/// The median; of an even number the lower one of the two in the middle. 0 if there are none.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// A time in milliseconds.
pub(crate) fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The rate of a count, per second.
pub(crate) fn rate(count: usize, time: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / time.as_secs_f64().max(f64::EPSILON)
}

/// `part` divided by `whole`; 0 if `whole` is 0.
pub(crate) fn ratio(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

/// An aim as it is printed beside its figure.
pub(crate) fn beside(aim: &str, is_reached: bool) -> String {
    let verdict = if is_reached { "" } else { "  MISSED" };
    format!("(aim: {aim}){verdict}")
}

/// A table of figures with their aims.
#[derive(Debug)]
pub(crate) struct Report {
    has_passed: bool,
}

impl Report {
    /// A report without figures, which has passed.
    pub(crate) fn new() -> Self {
        Self { has_passed: true }
    }

    /// Prints a figure that has no aim.
    #[expect(clippy::unused_self, reason = "a report prints all its lines")]
    pub(crate) fn print(&self, what: &str, figure: impl Display) {
        println!("     {what:<46} {figure}");
    }

    /// Prints a figure with its aim, and records whether it reaches it.
    pub(crate) fn check(&mut self, what: &str, figure: impl Display, aim: &str, is_reached: bool) {
        self.print(what, format!("{figure:<12} {}", beside(aim, is_reached)));
        self.has_passed &= is_reached;
    }

    /// Whether each figure has reached its aim.
    pub(crate) fn has_passed(&self) -> bool {
        self.has_passed
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
    fn the_median_is_the_lower_one_of_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median(vec![4.0, 3.0, 1.0, 2.0]).to_string(), "2");
        assert_eq!(median(vec![]).to_string(), "0");
    }

    #[test]
    fn one_missed_aim_fails_the_report() {
        let mut report = Report::new();
        report.check("one", 1, "1", true);
        assert!(report.has_passed());
        report.check("another", 1, "2", false);
        report.check("a third", 1, "1", true);
        assert!(!report.has_passed());
    }

    #[test]
    fn a_ratio_to_zero_is_zero() {
        assert!((ratio(Duration::from_secs(3), Duration::from_secs(2)) - 1.5).abs() < 1e-9);
        assert!(ratio(Duration::from_secs(3), Duration::ZERO).abs() < 1e-9);
        assert!((rate(30, Duration::from_secs(2)) - 15.0).abs() < 1e-9);
    }
}
