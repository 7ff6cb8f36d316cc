//! Observable metrics: callbacks that are called at each scrape, so that what is gone by then has no sample.

use futures_util::future::{BoxFuture, join_all};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use shared::service::Service;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

type Labels = Vec<(&'static str, String)>;
type Callback = Box<dyn Fn(&mut MetricFamilies) + Send + Sync>;
pub(super) type AsyncCallback = Box<dyn Fn() -> BoxFuture<'static, Option<MetricFamilies>> + Send + Sync>;

/// The time-out of asynchronous callbacks at a scrape: less than Prometheus' own.
const CALLBACK_TIMEOUT: Duration = Duration::from_secs(2);

/// The metric families that callbacks fill, by name.
#[derive(Debug, Default)]
pub struct MetricFamilies(BTreeMap<&'static str, MetricFamily>);

#[derive(Debug)]
struct MetricFamily {
    help: &'static str,
    kind: Kind,
    samples: Vec<(Labels, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl MetricFamilies {
    /// Adds a sample of a gauge.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        service: Service,
        labels: &[(&'static str, &str)],
        value: impl TryInto<u64>,
    ) {
        self.add(name, help, Kind::Gauge, service, labels, value);
    }

    /// Adds a sample of a counter. The exposition appends `_total` to its name.
    pub fn counter(
        &mut self,
        name: &'static str,
        help: &'static str,
        service: Service,
        labels: &[(&'static str, &str)],
        value: impl TryInto<u64>,
    ) {
        self.add(name, help, Kind::Counter, service, labels, value);
    }

    fn add(
        &mut self,
        name: &'static str,
        help: &'static str,
        kind: Kind,
        service: Service,
        labels: &[(&'static str, &str)],
        value: impl TryInto<u64>,
    ) {
        let of_service = ("service_name", service.name().to_owned());
        let own = labels.iter().map(|&(label, value)| (label, value.to_owned()));
        let labels = std::iter::once(of_service).chain(own).collect();
        let family = self.0.entry(name).or_insert_with(|| MetricFamily { help, kind, samples: Vec::new() });
        family.samples.push((labels, value.try_into().unwrap_or(u64::MAX)));
    }
}

/// The synchronous callbacks.
#[derive(Clone, Default)]
pub(super) struct Callbacks(Arc<Mutex<Vec<Callback>>>);

impl Callbacks {
    pub(super) fn add(&self, callback: Callback) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
    }
}

impl Collector for Callbacks {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = MetricFamilies::default();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .for_each(|callback| callback(&mut families));
        families.encode(encoder)
    }
}

/// The asynchronous callbacks, and what they returned at the last scrape.
#[derive(Clone, Default)]
pub(super) struct AsyncCallbacks {
    callbacks: Arc<Mutex<Vec<AsyncCallback>>>,
    families: Arc<Mutex<MetricFamilies>>,
}

impl AsyncCallbacks {
    pub(super) fn add(&self, callback: AsyncCallback) {
        self.callbacks.lock().unwrap_or_else(PoisonError::into_inner).push(callback);
    }

    /// Runs all of them at once. One that returns nothing in time is left out.
    pub(super) async fn read(&self) {
        let asked: Vec<_> = self
            .callbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .map(|callback| callback())
            .collect();
        let answered = join_all(asked.into_iter().map(|answer| timeout(CALLBACK_TIMEOUT, answer))).await;
        let mut families = MetricFamilies::default();
        answered.into_iter().flatten().flatten().for_each(|read| families.merge(read));
        *self.families.lock().unwrap_or_else(PoisonError::into_inner) = families;
    }
}

impl Collector for AsyncCallbacks {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.families.lock().unwrap_or_else(PoisonError::into_inner).encode(encoder)
    }
}

impl fmt::Debug for AsyncCallbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AsyncCallbacks")
    }
}

impl MetricFamilies {
    fn merge(&mut self, other: Self) {
        for (name, family) in other.0 {
            match self.0.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(family);
                }
                Entry::Occupied(mut entry) => entry.get_mut().samples.extend(family.samples),
            }
        }
    }

    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, family) in &self.0 {
            let kind = match family.kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, family.help, None, kind)?;
            for (labels, value) in &family.samples {
                let mut sample = metric.encode_family(labels)?;
                match family.kind {
                    Kind::Gauge => sample.encode_gauge(&i64::try_from(*value).unwrap_or(i64::MAX))?,
                    Kind::Counter => sample.encode_counter::<NoLabelSet, _, u64>(value, None)?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callbacks")
    }
}
