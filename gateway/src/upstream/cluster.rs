//! The replicas of one service, as its name gives them.

use super::dns::{Resolution, addresses};
use super::health_check::ask;
use super::origin::{Host, Origin};
use super::outlier::Failure;
use super::replica::Replica;
use crate::concurrency::limits::UpstreamLimits;
use crate::log_target;
use crate::routing::upstream::Upstream;
use crate::timeouts::Timeouts;
use actix_web::http::StatusCode;
use futures_util::future::{join_all, select_ok};
use shared::server::Tasks;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// Between two look-ups at least, however many connections fail.
const PAUSE: Duration = Duration::from_millis(100);

/// All processes of one service.
pub(crate) struct Cluster {
    /// Whose they are.
    pub(crate) upstream: Upstream,
    /// What their URL says.
    pub(crate) origin: Origin,
    patience: Timeouts,
    seating: UpstreamLimits,
    known: watch::Sender<Discovered>,
    look_again: Notify,
}

/// What is known of the replicas of a service.
#[derive(Clone, Default)]
pub(crate) struct Discovered {
    /// Whether a look-up has ended yet.
    pub(crate) looked_up: bool,
    /// Those that the last look-up which succeeded has found, by address.
    pub(crate) replicas: Arc<[Arc<Replica>]>,
}

impl Cluster {
    pub(super) fn new(
        upstream: Upstream,
        origin: Origin,
        patience: Timeouts,
        seating: UpstreamLimits,
    ) -> Self {
        let known = watch::Sender::new(Discovered::default());
        let replicas = Self { upstream, origin, patience, seating, known, look_again: Notify::new() };
        if let Host::Address(address) = replicas.origin.host {
            replicas.set_addresses(vec![address]);
        }
        replicas
    }

    /// What is known now, and from now on.
    pub(crate) fn known(&self) -> watch::Receiver<Discovered> {
        self.known.subscribe()
    }

    /// Looks the name up again, soon: an address has failed.
    pub(crate) fn look_again(&self) {
        self.look_again.notify_one();
    }

    /// Looks the name up and checks the replicas as long as the gateway runs.
    pub(super) fn watch(self: &Arc<Self>, resolution: Resolution, tasks: &Tasks) {
        let Host::Name(name) = &self.origin.host else {
            return;
        };
        let (looking, checking) = (Arc::clone(self), Arc::clone(self));
        let (name, stopping) = (name.clone(), tasks.stopping().clone());
        tasks.spawn(
            async move { stopping.run_until_cancelled(looking.keep_looking(&name, resolution)).await },
        );
        let stopping = tasks.stopping().clone();
        tasks.spawn(async move { stopping.run_until_cancelled(checking.keep_checking()).await });
    }

    async fn keep_looking(&self, name: &str, resolution: Resolution) {
        let mut fails = false;
        loop {
            match addresses(name, resolution).await {
                Ok(addresses) => {
                    self.set_addresses(addresses);
                    fails = false;
                }
                Err(error) => {
                    if !fails {
                        let cause = shared::problem::causes(&error);
                        tracing::warn!(target: log_target::CLUSTER, upstream = self.upstream.name(),
                            name,
                            cause,
                            "a name was not looked up"
                        );
                    }
                    fails = true;
                    self.known.send_if_modified(|known| !std::mem::replace(&mut known.looked_up, true));
                }
            }
            sleep(PAUSE.min(self.patience.look_up)).await;
            tokio::select! {
                () = sleep(self.patience.look_up.saturating_sub(PAUSE)) => {}
                () = self.look_again.notified() => {}
            }
        }
    }

    /// They are at these addresses. Who stays keeps standing and connections.
    fn set_addresses(&self, mut addresses: Vec<IpAddr>) {
        addresses.sort_unstable();
        addresses.dedup();
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, self.origin.port));
        self.known.send_if_modified(|known| {
            let first = !std::mem::replace(&mut known.looked_up, true);
            let is_same = known.replicas.iter().map(|replica| replica.address).eq(addresses.clone());
            if !is_same {
                known.replicas = self.with(&known.replicas, addresses);
            }
            first || !is_same
        });
    }

    fn with(
        &self,
        before: &[Arc<Replica>],
        addresses: impl Iterator<Item = SocketAddr>,
    ) -> Arc<[Arc<Replica>]> {
        let upstream = self.upstream.name();
        let find = |replicas: &[Arc<Replica>], address| {
            replicas.iter().find(|replica| replica.address == address).map(Arc::clone)
        };
        let now: Arc<[_]> = addresses
            .map(|address| {
                find(before, address).unwrap_or_else(|| {
                    tracing::info!(target: log_target::CLUSTER, upstream, %address, "a replica was found");
                    Arc::new(Replica::new(self.upstream, address, self.patience, self.seating.of_replica()))
                })
            })
            .collect();
        for gone in before.iter().filter(|replica| find(&now, replica.address).is_none()) {
            tracing::info!(target: log_target::CLUSTER, upstream, address = %gone.address, "a replica is gone");
        }
        now
    }

    /// Asks each replica now and then whether it lives, so that one that hangs is left out before many requests hang
    /// on it, and one that is back is used. With one alone there is no choice, and so nothing to ask.
    async fn keep_checking(&self) {
        loop {
            sleep(self.patience.check).await;
            let replicas = Arc::clone(&self.known.borrow().replicas);
            if replicas.len() > 1 {
                join_all(replicas.iter().map(|replica| self.check(replica))).await;
            }
        }
    }

    /// One slow answer is no reason, two are. Any status will do: what is asked is whether it answers.
    async fn check(&self, replica: &Replica) {
        let mut answer = self.ask(replica, "/livez", self.patience.check_answer).await;
        if answer.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::ConnectionRefused) {
            answer = self.ask(replica, "/livez", self.patience.check_answer).await;
        }
        match answer {
            Ok(_) => replica.passed_check(),
            Err(error) => replica.failed(Failure::NoCheck, &error),
        }
    }

    /// Whether one of them is ready to work; if not, why.
    pub(crate) async fn are_ready(&self, patience: Duration) -> Result<(), String> {
        let mut known = self.known();
        let looked_up = timeout(patience, known.wait_for(|known| known.looked_up)).await;
        let replicas = looked_up.ok().and_then(Result::ok).map(|known| Arc::clone(&known.replicas));
        let replicas = replicas.filter(|replicas| !replicas.is_empty()).ok_or("its name gives no address")?;
        let asked = replicas.iter().map(|replica| Box::pin(self.is_ready(replica, patience)));
        select_ok(asked).await.map(|_| ())
    }

    async fn is_ready(&self, replica: &Replica, patience: Duration) -> Result<(), String> {
        match self.ask(replica, "/readyz", patience).await {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(format!("{} answers {status}", replica.address)),
            Err(error) => Err(format!("{}: {error}", replica.address)),
        }
    }

    async fn ask(&self, replica: &Replica, path: &'static str, patience: Duration) -> io::Result<StatusCode> {
        ask(replica.address, &self.origin, path, patience).await
    }
}
