//! Samples of metrics, parsed from their exposition.

use crate::client::TestClient;
use shared_web::metrics::Metrics;
use std::collections::BTreeMap;

/// Metrics that are exposed on a free port.
///
/// # Panics
/// If no port is free.
pub fn shown_metrics() -> Metrics {
    Metrics::serve_at("127.0.0.1:0").expect("a free port")
}

/// The samples of a scrape: name and labels as they are written, and the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples(pub BTreeMap<String, f64>);

impl Samples {
    /// Scrapes the metrics.
    ///
    /// # Panics
    /// If they are not exposed, or not in the format of `OpenMetrics`.
    pub async fn of(metrics: &Metrics) -> Self {
        let address = metrics.address().expect("metrics that are shown");
        let client = TestClient::new(format!("http://{address}").parse().expect("a URL"));
        let page = client.get("/metrics").await.expect(200).text;
        assert!(page.ends_with("# EOF\n"), "{page}");
        let samples = page.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').expect("a name and a value");
            (series.to_owned(), value.parse().expect("a number"))
        });
        Self(samples.collect())
    }

    /// The sum of the samples of this name with these labels, each as `name="value"`; `None` without one.
    pub fn sum(&self, name: &str, labels: &[&str]) -> Option<f64> {
        let of_name = |series: &str| series == name || series.starts_with(&format!("{name}{{"));
        let fits = |series: &&String| of_name(series) && labels.iter().all(|label| series.contains(label));
        let found: Vec<_> = self.0.keys().filter(fits).filter_map(|series| self.0.get(series)).collect();
        (!found.is_empty()).then(|| found.into_iter().sum())
    }
}
