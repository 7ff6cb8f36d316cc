//! Load balancer: which replica of a service gets a request, as one worker sees them.

use super::cluster::{Cluster, Discovered};
use super::pool::{ConnectionPool, PooledReplica};
use super::replica::InFlightGuard;
use super::retry_budget::RetryBudget;
use actix_web::rt;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Between two sweeps of idle connections.
const POOL_SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// The most replicas that one request is sent to while all are ejected.
const MAX_ATTEMPTS_EJECTED: usize = 3;

/// The replicas of one service, with one worker's connections to each.
pub(crate) struct Balancer {
    /// What all workers know of the service.
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) retry_budget: RetryBudget,
    discovered: RefCell<watch::Receiver<Discovered>>,
    is_resolved: Cell<bool>,
    pools: RefCell<Vec<Rc<ConnectionPool>>>,
    turn: Cell<usize>,
}

impl Balancer {
    /// A balancer without connections. Must be called on the worker's thread.
    pub(crate) fn new(cluster: Arc<Cluster>) -> Rc<Self> {
        let mut discovered = cluster.discovered();
        discovered.mark_changed();
        let balancer = Rc::new(Self {
            cluster,
            retry_budget: RetryBudget::new(),
            discovered: RefCell::new(discovered.clone()),
            is_resolved: Cell::new(false),
            pools: RefCell::default(),
            // Workers begin at different replicas.
            turn: Cell::new(fastrand::usize(..)),
        });
        let weak = Rc::downgrade(&balancer);
        rt::spawn(async move {
            loop {
                tokio::select! {
                    changed = discovered.changed() => if changed.is_err() { return },
                    () = sleep(POOL_SWEEP_INTERVAL) => {}
                }
                let Some(balancer) = weak.upgrade() else { return };
                balancer.update();
                balancer.pools.borrow().iter().for_each(|pool| pool.sweep());
            }
        });
        balancer
    }

    /// Whether this worker has seen that a look-up has ended.
    pub(crate) fn is_resolved(&self) -> bool {
        self.is_resolved.get()
    }

    /// Waits until the first look-up has ended.
    pub(crate) async fn wait_until_resolved(&self) {
        // An error says that the gateway stops.
        drop(self.cluster.discovered().wait_for(|discovered| discovered.is_resolved).await);
        self.is_resolved.set(true);
    }

    /// Picks a replica for a request that was sent to these before, by power of two choices on the requests in flight.
    ///
    /// The first choice is the next in turn and wins a tie, so that shares are even without load; the second is drawn. With
    /// all replicas ejected, the one whose last failure is the longest ago is picked all the same.
    pub(crate) fn pick(
        &self,
        tried: &[InFlightGuard<PooledReplica>],
    ) -> Option<InFlightGuard<PooledReplica>> {
        self.update();
        let pools = self.pools.borrow();
        if let ([only], []) = (pools.as_slice(), tried) {
            return Some(in_flight(only));
        }
        let is_left = |pool: &&Rc<ConnectionPool>| !tried.iter().any(|tried| Rc::ptr_eq(&tried.pool, pool));
        let is_healthy = |pool: &&Rc<ConnectionPool>| is_left(pool) && !pool.replica().is_ejected();
        let healthy = pools.iter().filter(is_healthy).count();
        if healthy == 0 {
            let left = pools.iter().filter(is_left).filter(|_| tried.len() < MAX_ATTEMPTS_EJECTED);
            return left.min_by_key(|pool| pool.replica().last_failure()).map(in_flight);
        }
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        // Another thread may have ejected one meanwhile.
        let nth = |n| pools.iter().filter(is_healthy).nth(n).or_else(|| pools.iter().find(is_left));
        let next = nth(turn % healthy)?;
        let drawn =
            if healthy > 1 { nth((turn + 1 + fastrand::usize(..healthy - 1)) % healthy)? } else { next };
        let is_less_loaded = drawn.replica().in_flight() < next.replica().in_flight();
        Some(in_flight(if is_less_loaded { drawn } else { next }))
    }

    /// Whether a replica other than this one is not ejected.
    pub(crate) fn has_other_healthy(&self, than: &ConnectionPool) -> bool {
        let is_other =
            |pool: &Rc<ConnectionPool>| !std::ptr::eq(pool.as_ref(), than) && !pool.replica().is_ejected();
        self.pools.borrow().iter().any(is_other)
    }

    /// Takes over the replicas that discovery knows, if they have changed.
    fn update(&self) {
        let mut discovered = self.discovered.borrow_mut();
        if !discovered.has_changed().unwrap_or(false) {
            return;
        }
        let replicas = Arc::clone(&discovered.borrow_and_update().replicas);
        let mut before = std::mem::take(&mut *self.pools.borrow_mut());
        let now = replicas.iter().map(|replica| {
            let at = before.iter().position(|pool| Arc::ptr_eq(pool.replica(), replica));
            at.map_or_else(|| Rc::new(ConnectionPool::new(Arc::clone(replica))), |at| before.swap_remove(at))
        });
        *self.pools.borrow_mut() = now.collect();
        for gone in before {
            gone.close();
        }
    }
}

fn in_flight(pool: &Rc<ConnectionPool>) -> InFlightGuard<PooledReplica> {
    InFlightGuard::new(PooledReplica { pool: Rc::clone(pool) })
}
