//! How many requests a replica has at once, by kind.

use super::config::ConcurrencyConfig;
use super::limiter::ConcurrencyLimiter;
use super::permit::Permit;
use crate::routing::class::RequestClass;
use crate::routing::upstream::Upstream;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};

/// What the seats of all replicas of a service have in common.
pub(crate) struct UpstreamLimits {
    capacity: Option<ConcurrencyConfig>,
    hits: LimitHits,
}

impl UpstreamLimits {
    pub(crate) fn new(capacity: Option<ConcurrencyConfig>, upstream: Upstream, metrics: &Metrics) -> Self {
        let name = match upstream {
            Upstream::Auth => "upstream_auth",
            Upstream::Chat => "upstream_chat",
            Upstream::Branch => "upstream_branch",
        };
        Self { capacity, hits: metrics.limit(Service::Gateway, name) }
    }

    /// Those of a new replica.
    pub(crate) fn of_replica(&self) -> ReplicaLimits {
        let Some(capacity) = self.capacity else {
            return ReplicaLimits::default();
        };
        let room = |seats| Some(ConcurrencyLimiter::new(seats, capacity.waiting, self.hits.clone()));
        ReplicaLimits {
            reads: room(capacity.reads),
            writes: room(capacity.writes),
            passwords: room(capacity.passwords),
        }
    }
}

/// The seats of one replica, by kind; `None` where there is no limit.
#[derive(Default)]
pub(crate) struct ReplicaLimits {
    reads: Option<ConcurrencyLimiter>,
    writes: Option<ConcurrencyLimiter>,
    passwords: Option<ConcurrencyLimiter>,
}

impl ReplicaLimits {
    /// A seat for a request of this kind; `None` says that there is none for it.
    pub(crate) async fn enter(&self, kind: RequestClass) -> Option<Permit<'_>> {
        let room = match kind {
            RequestClass::Read => &self.reads,
            RequestClass::Write => &self.writes,
            RequestClass::Password => &self.passwords,
        };
        match room {
            Some(room) => Permit::of(room).await,
            None => Some(Permit::without_room()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test(start_paused = true)]
    async fn each_kind_has_seats_of_its_own() {
        let capacity = Some(ConcurrencyConfig { reads: 1, writes: 1, passwords: 1, waiting: 0 });
        let rooms = UpstreamLimits::new(capacity, Upstream::Chat, &Metrics::off()).of_replica();
        let taken = join_all(
            [RequestClass::Read, RequestClass::Write, RequestClass::Password].map(|kind| rooms.enter(kind)),
        )
        .await;
        assert!(taken.iter().all(Option::is_some));
        assert!(rooms.enter(RequestClass::Read).await.is_none());
        let rooms = UpstreamLimits::new(None, Upstream::Chat, &Metrics::off()).of_replica();
        let taken = join_all((0..1000).map(|_| rooms.enter(RequestClass::Read))).await;
        assert!(taken.iter().all(Option::is_some));
    }
}
