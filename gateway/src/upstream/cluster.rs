//! A cluster: the replicas of one service, discovered by its name and health-checked.

use super::dns::{Resolution, look_up};
use super::health_check::probe;
use super::origin::{Host, Origin};
use super::outlier::Failure;
use super::replica::Replica;
use crate::concurrency::limits::ReplicaLimitsFactory;
use crate::log_target;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use actix_web::http::StatusCode;
use futures_util::future::{join_all, select_ok};
use shared::tasks::Tasks;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// Between two look-ups at least, however many connections fail.
const MIN_LOOKUP_INTERVAL: Duration = Duration::from_millis(100);

/// The replicas of one service.
pub(crate) struct Cluster {
    pub(crate) upstream: Upstream,
    /// The service's URL.
    pub(crate) origin: Origin,
    timeouts: Timeouts,
    limits: ReplicaLimitsFactory,
    discovered: watch::Sender<Discovered>,
    refresh: Notify,
}

/// What discovery knows of a cluster.
#[derive(Clone, Default)]
pub(crate) struct Discovered {
    /// Whether a look-up has ended yet.
    pub(crate) is_resolved: bool,
    /// The replicas of the last look-up that succeeded, by address.
    pub(crate) replicas: Arc<[Arc<Replica>]>,
}

impl Cluster {
    pub(super) fn new(
        upstream: Upstream,
        origin: Origin,
        timeouts: Timeouts,
        limits: ReplicaLimitsFactory,
    ) -> Self {
        let discovered = watch::Sender::new(Discovered::default());
        let cluster = Self { upstream, origin, timeouts, limits, discovered, refresh: Notify::new() };
        if let Host::Address(address) = cluster.origin.host {
            cluster.set_addresses(vec![address]);
        }
        cluster
    }

    /// What discovery knows now, and from now on.
    pub(crate) fn discovered(&self) -> watch::Receiver<Discovered> {
        self.discovered.subscribe()
    }

    /// Asks for a look-up soon, as an address has failed.
    pub(crate) fn refresh(&self) {
        self.refresh.notify_one();
    }

    /// Spawns discovery and health checks, which end with the gateway.
    pub(super) fn spawn(self: &Arc<Self>, resolution: Resolution, tasks: &Tasks) {
        let Host::Name(name) = &self.origin.host else {
            return;
        };
        let (cluster, name, stopping) = (Arc::clone(self), name.clone(), tasks.stopping().clone());
        tasks.spawn(
            async move { stopping.run_until_cancelled(cluster.run_discovery(&name, resolution)).await },
        );
        let (cluster, stopping) = (Arc::clone(self), tasks.stopping().clone());
        tasks.every(self.timeouts.health_check_interval, move || {
            let (cluster, stopping) = (Arc::clone(&cluster), stopping.clone());
            // A replica that hangs does not delay the drain.
            async move { stopping.run_until_cancelled(cluster.check_all()).await.unwrap_or_default() }
        });
    }

    async fn run_discovery(&self, name: &str, resolution: Resolution) {
        let mut has_failed = false;
        loop {
            match look_up(name, resolution).await {
                Ok(addresses) => {
                    self.set_addresses(addresses);
                    has_failed = false;
                }
                Err(error) => {
                    if !has_failed {
                        let (upstream, cause) = (self.upstream.name(), shared::error::causes(&error));
                        tracing::warn!(target: log_target::CLUSTER, upstream, name, cause, "a name was not looked up");
                    }
                    has_failed = true;
                    self.discovered
                        .send_if_modified(|discovered| !std::mem::replace(&mut discovered.is_resolved, true));
                }
            }
            let interval = self.timeouts.dns_refresh_interval;
            sleep(MIN_LOOKUP_INTERVAL.min(interval)).await;
            tokio::select! {
                () = sleep(interval.saturating_sub(MIN_LOOKUP_INTERVAL)) => {}
                () = self.refresh.notified() => {}
            }
        }
    }

    /// Sets the replicas to these addresses. A replica whose address was there before keeps its health and connections.
    fn set_addresses(&self, mut addresses: Vec<IpAddr>) {
        addresses.sort_unstable();
        addresses.dedup();
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, self.origin.port));
        self.discovered.send_if_modified(|discovered| {
            let is_first = !std::mem::replace(&mut discovered.is_resolved, true);
            let is_same = discovered.replicas.iter().map(|replica| replica.address).eq(addresses.clone());
            if !is_same {
                discovered.replicas = self.updated(&discovered.replicas, addresses);
            }
            is_first || !is_same
        });
    }

    fn updated(
        &self,
        before: &[Arc<Replica>],
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Arc<[Arc<Replica>]> {
        let upstream = self.upstream.name();
        let find = |replicas: &[Arc<Replica>], address| {
            replicas.iter().find(|replica| replica.address == address).map(Arc::clone)
        };
        let new = |address| {
            if matches!(self.origin.host, Host::Name(_)) {
                tracing::info!(target: log_target::CLUSTER, upstream, %address, "a replica was found");
            }
            Arc::new(Replica::new(self.upstream, address, self.timeouts, self.limits.for_replica()))
        };
        let now: Arc<[_]> =
            addresses.map(|address| find(before, address).unwrap_or_else(|| new(address))).collect();
        for gone in before.iter().filter(|replica| find(&now, replica.address).is_none()) {
            tracing::info!(target: log_target::CLUSTER, upstream, address = %gone.address, "a replica is gone");
        }
        now
    }

    /// Probes each replica, so that one that hangs is ejected before many requests hang on it, and one that is back gets
    /// requests. A single replica is not probed, as there is no other to send requests to.
    async fn check_all(&self) {
        let replicas = Arc::clone(&self.discovered.borrow().replicas);
        if replicas.len() > 1 {
            join_all(replicas.iter().map(|replica| self.check_health(replica))).await;
        }
    }

    /// Probes a replica, twice if the first response is slow. Any status passes: the check is whether it answers.
    async fn check_health(&self, replica: &Replica) {
        let mut answer = self.probe(replica, "/livez", self.timeouts.health_check).await;
        if answer.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::ConnectionRefused) {
            answer = self.probe(replica, "/livez", self.timeouts.health_check).await;
        }
        match answer {
            Ok(_) => replica.record_passed_check(),
            Err(error) => replica.record_failure(Failure::HealthCheckFailed, &error),
        }
    }

    /// Checks that a replica is ready, within the time limit; the error says why none is.
    pub(crate) async fn check_ready(&self, limit: Duration) -> Result<(), String> {
        let mut discovered = self.discovered();
        let resolved = timeout(limit, discovered.wait_for(|discovered| discovered.is_resolved)).await;
        let replicas = resolved.ok().and_then(Result::ok).map(|discovered| Arc::clone(&discovered.replicas));
        let replicas = replicas.filter(|replicas| !replicas.is_empty()).ok_or("its name gives no address")?;
        let probes = replicas.iter().map(|replica| Box::pin(self.check_replica_ready(replica, limit)));
        select_ok(probes).await.map(|_| ())
    }

    async fn check_replica_ready(&self, replica: &Replica, limit: Duration) -> Result<(), String> {
        match self.probe(replica, "/readyz", limit).await {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(format!("{} answers {status}", replica.address)),
            Err(error) => Err(format!("{}: {error}", replica.address)),
        }
    }

    async fn probe(&self, replica: &Replica, path: &'static str, limit: Duration) -> io::Result<StatusCode> {
        probe(replica.address, &self.origin, path, limit).await
    }
}
