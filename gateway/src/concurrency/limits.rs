//! How many requests a replica has at once, by kind.

use super::config::Capacity;
use super::limiter::Room;
use super::permit::Seat;
use crate::routing::class::Kind;
use crate::routing::upstream::Upstream;
use shared::identity::Service;
use shared::metrics::{LimitHits, Metrics};

/// What the seats of all replicas of a service have in common.
pub(crate) struct Seating {
    capacity: Option<Capacity>,
    hits: LimitHits,
}

impl Seating {
    pub(crate) fn new(capacity: Option<Capacity>, upstream: Upstream, metrics: &Metrics) -> Self {
        let name = match upstream {
            Upstream::Auth => "upstream_auth",
            Upstream::Chat => "upstream_chat",
            Upstream::Branch => "upstream_branch",
        };
        Self { capacity, hits: metrics.limit(Service::Gateway, name) }
    }

    /// Those of a new replica.
    pub(crate) fn of_replica(&self) -> Rooms {
        let Some(capacity) = self.capacity else {
            return Rooms::default();
        };
        let room = |seats| Some(Room::new(seats, capacity.waiting, self.hits.clone()));
        Rooms {
            reads: room(capacity.reads),
            writes: room(capacity.writes),
            passwords: room(capacity.passwords),
        }
    }
}

/// The seats of one replica, by kind; `None` where there is no limit.
#[derive(Default)]
pub(crate) struct Rooms {
    reads: Option<Room>,
    writes: Option<Room>,
    passwords: Option<Room>,
}

impl Rooms {
    /// A seat for a request of this kind; `None` says that there is none for it.
    pub(crate) async fn enter(&self, kind: Kind) -> Option<Seat<'_>> {
        let room = match kind {
            Kind::Read => &self.reads,
            Kind::Write => &self.writes,
            Kind::Password => &self.passwords,
        };
        match room {
            Some(room) => Seat::of(room).await,
            None => Some(Seat::without_room()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    #[tokio::test(start_paused = true)]
    async fn each_kind_has_seats_of_its_own() {
        let capacity = Some(Capacity { reads: 1, writes: 1, passwords: 1, waiting: 0 });
        let rooms = Seating::new(capacity, Upstream::Chat, &Metrics::off()).of_replica();
        let taken = join_all([Kind::Read, Kind::Write, Kind::Password].map(|kind| rooms.enter(kind))).await;
        assert!(taken.iter().all(Option::is_some));
        assert!(rooms.enter(Kind::Read).await.is_none());
        let rooms = Seating::new(None, Upstream::Chat, &Metrics::off()).of_replica();
        let taken = join_all((0..1000).map(|_| rooms.enter(Kind::Read))).await;
        assert!(taken.iter().all(Option::is_some));
    }
}
