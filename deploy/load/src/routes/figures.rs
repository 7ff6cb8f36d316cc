//! The figures of a cell, and how those of several rounds are compared.

use crate::closed_loop::LoopSamples;
use crate::figures::{median, percentile};

/// The figures of a cell in one round.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CellFigures {
    /// Successful requests per second.
    pub(crate) goodput: f64,
    /// Latencies, in milliseconds.
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// The CPU time of the programs per successful request, in milliseconds.
    pub(crate) programs_cpu_ms: f64,
    /// The CPU time of the databases per successful request, in milliseconds.
    pub(crate) databases_cpu_ms: f64,
}

impl CellFigures {
    /// The figures of a run, in which programs and databases used these seconds of CPU time.
    pub(crate) fn new(samples: &LoopSamples, programs_cpu: f64, databases_cpu: f64) -> Self {
        let ms = |percent| percentile(&samples.latencies, percent).as_secs_f64() * 1e3;
        // Failed requests do not lower the CPU time of a request.
        let requests = u32::try_from(samples.latencies.len()).map_or(f64::INFINITY, f64::from).max(1.0);
        Self {
            goodput: samples.goodput(),
            p50_ms: ms(50),
            p99_ms: ms(99),
            programs_cpu_ms: programs_cpu * 1e3 / requests,
            databases_cpu_ms: databases_cpu * 1e3 / requests,
        }
    }

    /// The median of each figure.
    pub(crate) fn median(all: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(all.iter().map(figure).collect());
        Self {
            goodput: of(|figures| figures.goodput),
            p50_ms: of(|figures| figures.p50_ms),
            p99_ms: of(|figures| figures.p99_ms),
            programs_cpu_ms: of(|figures| figures.programs_cpu_ms),
            databases_cpu_ms: of(|figures| figures.databases_cpu_ms),
        }
    }

    /// The ratios to those before: of each figure the median over the pairs of a round.
    pub(crate) fn median_ratio(after: &[Self], before: &[Self]) -> Self {
        let ratios: Vec<_> = after.iter().zip(before).map(|(after, before)| after.ratio(before)).collect();
        Self::median(&ratios)
    }

    fn ratio(&self, before: &Self) -> Self {
        Self {
            goodput: self.goodput / before.goodput,
            p50_ms: self.p50_ms / before.p50_ms,
            p99_ms: self.p99_ms / before.p99_ms,
            programs_cpu_ms: self.programs_cpu_ms / before.programs_cpu_ms,
            databases_cpu_ms: self.databases_cpu_ms / before.databases_cpu_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn figures(goodput: f64, cpu_ms: f64) -> CellFigures {
        CellFigures { goodput, p50_ms: 1.0, p99_ms: 2.0, programs_cpu_ms: cpu_ms, databases_cpu_ms: 0.5 }
    }

    #[test]
    fn a_ratio_is_the_median_over_the_pairs_and_not_the_ratio_of_the_medians() {
        let before = [figures(100.0, 1.0), figures(200.0, 2.0), figures(400.0, 4.0)];
        let after = [figures(400.0, 0.5), figures(300.0, 1.0), figures(400.0, 1.0)];

        let ratio = CellFigures::median_ratio(&after, &before);

        assert_eq!(
            ratio,
            CellFigures { p50_ms: 1.0, p99_ms: 1.0, databases_cpu_ms: 1.0, ..figures(1.5, 0.5) }
        );
        assert_eq!(CellFigures::median(&before), figures(200.0, 2.0));
    }

    #[test]
    fn failed_requests_are_no_goodput_and_do_not_lower_the_cpu_time_of_a_request() {
        let samples = LoopSamples {
            duration: Duration::from_secs(2),
            latencies: vec![Duration::from_millis(4), Duration::from_millis(2), Duration::from_millis(3)],
            failures: [("503 Service Unavailable".to_owned(), 1)].into(),
        };

        let measured = CellFigures::new(&samples, 0.75, 0.375);

        let (programs_cpu_ms, databases_cpu_ms) = (250.0, 125.0);
        assert_eq!(
            measured,
            CellFigures { goodput: 1.5, p50_ms: 3.0, p99_ms: 4.0, programs_cpu_ms, databases_cpu_ms }
        );
    }
}
