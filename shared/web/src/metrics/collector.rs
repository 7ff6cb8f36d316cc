//! Figures that are read when somebody asks for them: what is gone by then is in no answer.

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
type Probe = Box<dyn Fn(&mut Readings) + Send + Sync>;
pub(super) type LaterProbe = Box<dyn Fn() -> BoxFuture<'static, Option<Readings>> + Send + Sync>;

/// How long an answer waits for figures: less than Prometheus waits for an answer.
const MAX_PROBE_WAIT: Duration = Duration::from_secs(2);

/// What probes have read, by the name of the metric.
#[derive(Debug, Default)]
pub struct Readings(BTreeMap<&'static str, Reading>);

#[derive(Debug)]
struct Reading {
    help: &'static str,
    kind: Kind,
    samples: Vec<(Labels, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
}

impl Readings {
    /// A figure of a service that goes up and down.
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

    /// A figure of a service that only goes up. Its name is shown with `_total`.
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
        let reading = self.0.entry(name).or_insert_with(|| Reading { help, kind, samples: Vec::new() });
        reading.samples.push((labels, value.try_into().unwrap_or(u64::MAX)));
    }
}

/// Who is asked for figures.
#[derive(Clone, Default)]
pub(super) struct Probes(Arc<Mutex<Vec<Probe>>>);

impl Probes {
    pub(super) fn add(&self, probe: Probe) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(probe);
    }
}

impl Collector for Probes {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut readings = Readings::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|probe| probe(&mut readings));
        readings.encode(encoder)
    }
}

/// Who is asked for figures that are waited for, and what was read last.
#[derive(Clone, Default)]
pub(super) struct LaterProbes {
    probes: Arc<Mutex<Vec<LaterProbe>>>,
    readings: Arc<Mutex<Readings>>,
}

impl LaterProbes {
    pub(super) fn add(&self, probe: LaterProbe) {
        self.probes.lock().unwrap_or_else(PoisonError::into_inner).push(probe);
    }

    /// Asks all of them at once. Who gives nothing in time is left out.
    pub(super) async fn read(&self) {
        let asked: Vec<_> =
            self.probes.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|probe| probe()).collect();
        let answered = join_all(asked.into_iter().map(|answer| timeout(MAX_PROBE_WAIT, answer))).await;
        let mut readings = Readings::default();
        answered.into_iter().flatten().flatten().for_each(|read| readings.merge(read));
        *self.readings.lock().unwrap_or_else(PoisonError::into_inner) = readings;
    }
}

impl Collector for LaterProbes {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        self.readings.lock().unwrap_or_else(PoisonError::into_inner).encode(encoder)
    }
}

impl fmt::Debug for LaterProbes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LaterProbes")
    }
}

impl Readings {
    fn merge(&mut self, other: Self) {
        for (name, reading) in other.0 {
            match self.0.entry(name) {
                Entry::Vacant(entry) => {
                    entry.insert(reading);
                }
                Entry::Occupied(mut entry) => entry.get_mut().samples.extend(reading.samples),
            }
        }
    }

    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, reading) in &self.0 {
            let kind = match reading.kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, reading.help, None, kind)?;
            for (labels, value) in &reading.samples {
                let mut sample = metric.encode_family(labels)?;
                match reading.kind {
                    Kind::Gauge => sample.encode_gauge(&i64::try_from(*value).unwrap_or(i64::MAX))?,
                    Kind::Counter => sample.encode_counter::<NoLabelSet, _, u64>(value, None)?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probes")
    }
}
