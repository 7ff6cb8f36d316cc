//! The replicas of one service as one worker sees them: which one is sent a request, and how many may be sent again.

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

/// Between two looks for connections that were idle for too long.
const SWEEP: Duration = Duration::from_secs(5);

/// At most so many replicas are tried for one request while none is well.
const MOST_TRIES: usize = 3;

/// The replicas of one service.
pub(crate) struct Balancer {
    /// What all workers know of them.
    pub(crate) service: Arc<Cluster>,
    /// Of requests that are sent again.
    pub(crate) budget: RetryBudget,
    known: RefCell<watch::Receiver<Discovered>>,
    looked_up: Cell<bool>,
    each: RefCell<Vec<Rc<ConnectionPool>>>,
    turn: Cell<usize>,
}

impl Balancer {
    /// Without connections. Must be called on the worker's thread.
    pub(crate) fn new(service: Arc<Cluster>) -> Rc<Self> {
        let mut known = service.known();
        known.mark_changed();
        let pools = Rc::new(Self {
            service,
            budget: RetryBudget::new(),
            known: RefCell::new(known.clone()),
            looked_up: Cell::new(false),
            each: RefCell::default(),
            // Workers begin at different replicas.
            turn: Cell::new(fastrand::usize(..)),
        });
        let weak = Rc::downgrade(&pools);
        rt::spawn(async move {
            loop {
                tokio::select! {
                    changed = known.changed() => if changed.is_err() { return },
                    () = sleep(SWEEP) => {}
                }
                let Some(pools) = weak.upgrade() else { return };
                pools.follow();
                pools.each.borrow().iter().for_each(|pool| pool.sweep());
            }
        });
        pools
    }

    /// Whether the name was looked up once.
    pub(crate) fn are_known(&self) -> bool {
        self.looked_up.get()
    }

    /// Waits until the name was looked up once.
    pub(crate) async fn look_up(&self) {
        // An error says that the gateway stops.
        drop(self.service.known().wait_for(|known| known.looked_up).await);
        self.looked_up.set(true);
    }

    /// The next replica for a request that these were tried for: the less busy of two that are well.
    ///
    /// One is the next in turn and wins a tie, so that shares are even where nothing is busy; the other is drawn.
    /// Where none is well, the one whose last failure is the longest ago is tried all the same.
    pub(crate) fn choose(
        &self,
        tried: &[InFlightGuard<PooledReplica>],
    ) -> Option<InFlightGuard<PooledReplica>> {
        self.follow();
        let pools = self.each.borrow();
        if let ([only], []) = (pools.as_slice(), tried) {
            return Some(take_off(only));
        }
        let is_left = |pool: &&Rc<ConnectionPool>| !tried.iter().any(|tried| Rc::ptr_eq(&tried.pool, pool));
        let is_well = |pool: &&Rc<ConnectionPool>| is_left(pool) && !pool.replica().is_out();
        let well = pools.iter().filter(is_well).count();
        if well == 0 {
            let left = pools.iter().filter(is_left).filter(|_| tried.len() < MOST_TRIES);
            return left.min_by_key(|pool| pool.replica().last_failure()).map(take_off);
        }
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        // Another thread may have put one out meanwhile.
        let nth = |n| pools.iter().filter(is_well).nth(n).or_else(|| pools.iter().find(is_left));
        let next = nth(turn % well)?;
        let drawn = if well > 1 { nth((turn + 1 + fastrand::usize(..well - 1)) % well)? } else { next };
        let is_less = drawn.replica().in_flight() < next.replica().in_flight();
        Some(take_off(if is_less { drawn } else { next }))
    }

    /// Whether there is one that is well beside this one.
    pub(crate) fn have_another(&self, than: &ConnectionPool) -> bool {
        let is_another =
            |pool: &Rc<ConnectionPool>| !std::ptr::eq(pool.as_ref(), than) && !pool.replica().is_out();
        self.each.borrow().iter().any(is_another)
    }

    /// Takes over what is known now, if it has changed.
    fn follow(&self) {
        let mut known = self.known.borrow_mut();
        if !known.has_changed().unwrap_or(false) {
            return;
        }
        let replicas = Arc::clone(&known.borrow_and_update().replicas);
        let mut before = std::mem::take(&mut *self.each.borrow_mut());
        let now = replicas.iter().map(|replica| {
            let at = before.iter().position(|pool| Arc::ptr_eq(pool.replica(), replica));
            at.map_or_else(|| Rc::new(ConnectionPool::new(Arc::clone(replica))), |at| before.swap_remove(at))
        });
        *self.each.borrow_mut() = now.collect();
        for gone in before {
            gone.close();
        }
    }
}

fn take_off(pool: &Rc<ConnectionPool>) -> InFlightGuard<PooledReplica> {
    InFlightGuard::on(PooledReplica { pool: Rc::clone(pool) })
}
