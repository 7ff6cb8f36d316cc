//! Gauges and counters of the replicas.

use super::clusters::UpstreamClusters;
use super::replica::Replica;
use crate::routing::upstream::Upstream;
use shared::service::Service;
use shared_web::metrics::{MetricFamilies, Metrics};
use std::sync::Arc;

impl UpstreamClusters {
    /// Registers the metrics of the replicas. They are read at each scrape: a replica that is gone has none any more.
    pub(crate) fn observe_metrics(self: &Arc<Self>, metrics: &Metrics) {
        let clusters = Arc::clone(self);
        metrics.observe(move |readings| {
            for cluster in clusters.all() {
                let upstream = cluster.upstream;
                let replicas = Arc::clone(&cluster.discovered().borrow().replicas);
                let (name, help) = ("gateway_upstream_replicas", "Replicas that the name of a service gives");
                let labels = [("upstream", upstream.name())];
                readings.gauge(name, help, Service::Gateway, &labels, replicas.len());
                replicas.iter().for_each(|replica| read(readings, upstream, replica));
            }
        });
    }
}

fn read(readings: &mut MetricFamilies, upstream: Upstream, replica: &Replica) {
    let address = replica.address.to_string();
    let labels = [("upstream", upstream.name()), ("address", address.as_str())];
    let mut gauge = |name, help, value| readings.gauge(name, help, Service::Gateway, &labels, value);
    let help = "Whether a replica answers: 0 from when it is left out until it does again";
    gauge("gateway_upstream_replica_up", help, usize::from(replica.is_up()));
    let help = "Whether a replica is left out for having failed";
    gauge("gateway_upstream_replica_ejected", help, usize::from(replica.is_ejected()));
    let help = "Requests that a replica has now";
    gauge("gateway_upstream_replica_requests_in_flight", help, replica.in_flight());
    let help = "Requests that a replica was sent after a try that failed, here or elsewhere";
    readings.counter("gateway_upstream_replica_retries", help, Service::Gateway, &labels, replica.retries());
}
