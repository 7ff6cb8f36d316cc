//! Metrics of a program, as it shows them.

use crate::failure::Failure;
use crate::figures::ms;
use reqwest::{Client, Url};
use std::time::Duration;

/// A page of metrics.
#[derive(Debug, Clone)]
pub(super) struct MetricsPage(String);

/// The counts of a histogram by the upper bounds of its buckets in milliseconds, cumulated.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Buckets(Vec<(f64, f64)>);

impl MetricsPage {
    /// Reads the page at this URL.
    pub(super) async fn read(http: &Client, url: &Url) -> Result<Self, Failure> {
        Ok(Self(http.get(url.clone()).send().await?.error_for_status()?.text().await?))
    }

    /// The sum of the series of a name; `None` without any.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        let values: Vec<_> = self.series(name).map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.iter().sum())
    }

    /// The buckets of a histogram.
    pub(super) fn buckets(&self, name: &str) -> Buckets {
        let mut buckets: Vec<_> =
            self.series(name).filter_map(|(labels, value)| Some((bound(labels)?, value))).collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        Buckets(buckets)
    }

    /// Labels and values of the series of a name.
    fn series<'p>(&'p self, name: &'p str) -> impl Iterator<Item = (&'p str, f64)> {
        self.0.lines().filter_map(move |line| {
            let (series, value) = line.rsplit_once(' ')?;
            let labels = series.strip_prefix(name)?;
            let is_of_name = labels.is_empty() || labels.starts_with('{');
            is_of_name.then_some((labels, value.parse().ok()?))
        })
    }
}

/// The label `le`; infinity is a number, too.
fn bound(labels: &str) -> Option<f64> {
    labels.split_once("le=\"")?.1.split_once('"')?.0.parse().ok()
}

impl Buckets {
    /// The counts since then.
    pub(super) fn since(&self, then: &Self) -> Self {
        let counts = self.0.iter().zip(&then.0).map(|((bound, now), (_, then))| (*bound, now - then));
        Self(counts.collect())
    }

    /// The number of all that was counted.
    pub(super) fn count(&self) -> f64 {
        self.0.last().map_or(0.0, |(_, count)| *count)
    }

    /// The duration that this percentage does not exceed, interpolated within its bucket.
    pub(super) fn percentile(&self, percent: f64) -> String {
        let wanted = self.count() * percent / 100.0;
        let (mut bound_below, mut count_below) = (0.0, 0.0);
        for &(bound, count) in &self.0 {
            if count >= wanted && count > count_below {
                if bound.is_infinite() {
                    return format!("more than {bound_below} ms");
                }
                let part = (wanted - count_below) / (count - count_below);
                let millis = bound_below + (bound - bound_below) * part;
                return ms(Duration::from_secs_f64(millis.max(0.0) / 1e3));
            }
            (bound_below, count_below) = (bound, count);
        }
        "none".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# TYPE flushes counter\nflushes_total{service_name=\"answer\",le=\"10\"} 50\n\
        flushes_total{service_name=\"answer\",le=\"20\"} 90\nflushes_total{service_name=\"answer\",le=\"+Inf\"} 100\n\
        flushes_total_more 7\ncommits_total{service_name=\"answer\"} 3\ncommits_total{service_name=\"auth\"} 4\n# EOF\n";

    #[test]
    fn series_are_added_up_by_their_name() {
        let page = MetricsPage(PAGE.to_owned());
        assert_eq!(page.sum("commits_total"), Some(7.0));
        assert_eq!(page.sum("commits"), None);
    }

    #[test]
    fn a_percentile_lies_within_its_bucket() {
        let buckets = MetricsPage(PAGE.to_owned()).buckets("flushes_total");
        assert_eq!(buckets.percentile(25.0), "5.0 ms");
        assert_eq!(buckets.percentile(70.0), "15.0 ms");
        assert_eq!(buckets.percentile(99.0), "more than 20 ms");
        assert_eq!(buckets.since(&buckets).percentile(50.0), "none");
    }
}
