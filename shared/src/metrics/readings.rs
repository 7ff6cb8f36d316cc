//! Figures that are read when somebody asks for them: what is gone by then is in no answer.

use crate::identity::Service;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

type Labels = Vec<(&'static str, String)>;
type Probe = Box<dyn Fn(&mut Readings) + Send + Sync>;

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
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut readings = Readings::default();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|probe| probe(&mut readings));
        for (name, reading) in readings.0 {
            let kind = match reading.kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, reading.help, None, kind)?;
            for (labels, value) in reading.samples {
                let mut sample = metric.encode_family(&labels)?;
                match reading.kind {
                    Kind::Gauge => sample.encode_gauge(&i64::try_from(value).unwrap_or(i64::MAX))?,
                    Kind::Counter => sample.encode_counter::<NoLabelSet, _, u64>(&value, None)?,
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
