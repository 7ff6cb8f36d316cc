//! What any replica does for all: it claims runs that lie in the queue, ends runs whose owner is gone, and stores what is sealed.

use super::claiming::Execution;
use super::replica::Executor;
use crate::domain::RunState;
use crate::store;
use futures_util::future::join_all;
use shared::error::causes;
use shared::ids::ResponseId;
use shared_store::StoreError;
use std::collections::HashSet;
use std::time::Duration;

/// The interval of sweeps, and the pause between two steps of one.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
const SWEEP_PAUSE: Duration = Duration::from_millis(5);

impl Executor {
    /// Works in the background, until the service stops.
    pub fn spawn(&self) {
        let timing = self.parts().timing;
        let tasks = &self.parts().tasks;
        let this = self.clone();
        tasks.every(timing.queue_poll, move || {
            let this = this.clone();
            async move { this.claim_waiting(timing.queue_grace).await }
        });
        let this = self.clone();
        tasks.spawn(async move {
            let stopping = this.parts().tasks.stopping().clone();
            while stopping.run_until_cancelled(this.slot_freed().notified()).await.is_some() {
                this.claim_waiting(Duration::ZERO).await;
            }
        });
        // Not with those before: a slow branch service holds up nobody who waits for the end of a run.
        let this = self.clone();
        tasks.every(timing.reap_poll, move || {
            let this = this.clone();
            async move { logged("answers are not stored", this.store_sealed().await) }
        });
        let this = self.clone();
        tasks.every(timing.stop_poll, move || {
            let this = this.clone();
            async move { logged("it is not known whether runs shall stop", this.poll_stop_requests().await) }
        });
        let this = self.clone();
        tasks.every(timing.reap_poll, move || {
            let this = this.clone();
            async move { logged("runs whose owner is gone are not ended", this.reap().await) }
        });
        let this = self.clone();
        tasks.every(timing.deletion_poll, move || {
            let this = this.clone();
            async move { this.prune_deleted_answers().await }
        });
        self.spawn_sweep();
        self.spawn_reencryption();
    }

    fn spawn_sweep(&self) {
        let (store, account_retention) = (self.parts().store.clone(), self.parts().account_retention);
        self.parts().tasks.every_while_busy(SWEEP_INTERVAL, SWEEP_PAUSE, move || {
            let store = store.clone();
            async move {
                store::sweep(&store, account_retention).await.unwrap_or_else(|error| {
                    tracing::warn!(error = causes(&error), "old runs are still there");
                    false
                })
            }
        });
    }

    /// Claims runs that have waited longer than `grace`.
    async fn claim_waiting(&self, grace: Duration) {
        let mut full: HashSet<String> = HashSet::new();
        loop {
            let known = full.len();
            let names = full.iter().cloned().collect();
            let (waiting, may_be_more) = match store::waiting_runs(&self.parts().store, grace, names).await {
                Ok(waiting) => waiting,
                Err(error) => return logged("the queue cannot be read", Err(error)),
            };
            for (id, model) in waiting {
                if !full.contains(&model) && self.execute(id, &model).await == Execution::MustWait {
                    full.insert(model);
                }
            }
            // Behind those of full models there may be runs of others.
            if !may_be_more || full.len() == known {
                return;
            }
        }
    }

    /// Tells the owners of runs on this replica what others have done to them.
    async fn poll_stop_requests(&self) -> Result<(), StoreError> {
        let own = self.own().ids();
        if own.is_empty() {
            return Ok(());
        }
        let ids = own.iter().map(|(id, _)| *id).collect();
        let runs = store::own_runs(&self.parts().store, ids).await?;
        for (id, epoch) in own {
            let Some(signals) = self.own().get(id, epoch) else { continue };
            match runs.iter().find(|run| run.response_id == id) {
                Some(run) if run.epoch == epoch && run.stop_requested => signals.stop.cancel(),
                Some(run) if run.epoch == epoch && run.state != RunState::Dropped => {}
                _ => signals.lost.cancel(),
            }
        }
        Ok(())
    }

    async fn reap(&self) -> Result<(), StoreError> {
        let (store, timing) = (&self.parts().store, self.parts().timing);
        // Replicas that were started together shall not poll together.
        let jitter = timing.reap_poll.mul_f64(0.2 * fastrand::f64());
        tokio::time::sleep(jitter).await;
        // If that fails, as one of them is locked, the others are ended all the same.
        match store::requeue_expired_runs(store).await {
            Ok(0) => {}
            Ok(requeued) => {
                tracing::warn!(runs = requeued, "runs are queued again, as their replica is gone");
                self.parts().metrics.requeued(requeued);
            }
            Err(error) => logged("runs whose replica is gone are not queued again", Err(error)),
        }
        loop {
            let (expired, may_be_more) = store::expired_runs(store).await?;
            let mut ended = 0;
            for id in expired {
                ended += usize::from(self.end_expired(id).await);
            }
            // Where none could be ended, the next poll would find the same ones.
            if !may_be_more || ended == 0 {
                return Ok(());
            }
        }
    }

    /// Ends a run whose owner is gone, and returns whether it was to be ended by this replica. One that cannot be ended holds up no other.
    async fn end_expired(&self, id: ResponseId) -> bool {
        match store::end_expired_run(&self.parts().store, id).await {
            Ok(Some(status)) => {
                tracing::warn!(run = %id, status = status.as_str(), "a run is ended, as its replica is gone");
                self.parts().metrics.finished(status);
                true
            }
            Ok(None) => false,
            Err(error) => {
                tracing::warn!(error = causes(&error), run = %id, "a run whose replica is gone is not ended");
                false
            }
        }
    }

    /// Stores sealed runs that nobody has stored in time.
    async fn store_sealed(&self) -> Result<(), StoreError> {
        let parts = self.parts();
        while !parts.tasks.stopping().is_cancelled() {
            let due = store::runs_to_store(&parts.store, parts.timing.store_grace).await?;
            let may_be_more = due.len() >= store::RUNS_PER_STORE_POLL;
            join_all(due.into_iter().map(|run| self.store_or_drop(run, None))).await;
            if !may_be_more {
                break;
            }
        }
        Ok(())
    }
}

fn logged(what: &'static str, done: Result<(), StoreError>) {
    if let Err(error) = done {
        tracing::warn!(error = causes(&error), "{what}");
    }
}
