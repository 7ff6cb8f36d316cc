//! Destroys the chats of a deleted account, those included that could be restored: at once, and in a second pass 10 seconds later, for chats
//! that were being created.
//!
//! The account is recorded first, in the database, so that the second pass runs even after a crash.

use crate::store::{self, Audience, DeletedAccount};
use shared::clock::Clock;
use shared::error::causes;
use shared::ids::UserId;
use shared::tasks::Tasks;
use shared_outbox::{Delivery, Relay};
use shared_store::{Store, StoreError};
use shared_web::telemetry::Trace;
use std::time::Duration;

/// The target of the log lines, kept from before the module moved: operators filter by it.
const LOG_TARGET: &str = "chat::eraser";
/// How long a request waits for the first pass. The pass goes on after that.
const FIRST_PASS_TIMEOUT: Duration = Duration::from_secs(1);
/// The delay of the second pass: no creation that was under way at the first takes longer.
const SECOND_PASS_AFTER: Duration = Duration::from_secs(10);
/// The interval of polls for due second passes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Chats of one transaction.
const CHATS_PER_TRANSACTION: usize = 100;

/// The deletion of accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountDeletion {
    /// The chats.
    pub store: Store,
    /// Delivers the destruction of chats.
    pub relay: Relay,
    /// The services that are told of it.
    pub audience: Audience,
    /// How long a deleted account is remembered.
    pub retention: Duration,
    /// The clock.
    pub clock: Clock,
    /// The tasks in which passes run.
    pub tasks: Tasks,
}

impl AccountDeletion {
    /// Records the account and begins to delete its chats. Idempotent.
    pub async fn delete(&self, account_id: UserId, trace: &Trace) -> Result<(), StoreError> {
        let (retention, request_id) = (self.retention, trace.request_id.clone());
        let remembered =
            store::remember_account(&self.store, account_id, &self.clock, move |now| DeletedAccount {
                account_id,
                until: now.plus(retention),
                second_pass_at: Some(now.plus(SECOND_PASS_AFTER)),
                request_id,
            });
        let account = remembered.await?;
        let (this, context) = (self.clone(), trace.context.clone());
        let work = self.tasks.spawn(async move {
            match this.pass(&account).await {
                Ok(deliveries) => this.relay.deliver_now(deliveries.unwrap_or_default(), &context).await,
                Err(error) => {
                    let error = causes(&error);
                    tracing::warn!(target: LOG_TARGET, error, "chats of a deleted account are left to the second pass");
                }
            }
        });
        drop(tokio::time::timeout(FIRST_PASS_TIMEOUT, work).await);
        Ok(())
    }

    /// Runs due second passes, until the service stops.
    pub fn spawn(&self) {
        let this = self.clone();
        self.tasks.every(POLL_INTERVAL, move || {
            let this = this.clone();
            async move {
                if let Err(error) = this.run_due_second_passes().await {
                    tracing::error!(target: LOG_TARGET, error = causes(&error), "chats of deleted accounts are still there");
                }
            }
        });
    }

    async fn run_due_second_passes(&self) -> Result<(), StoreError> {
        for account in store::accounts_due(&self.store, self.clock.now()).await? {
            // Its deliveries are left to the relay, so that a slow branch service holds up no other account.
            if self.pass(&account).await?.is_some() {
                store::finish_account(&self.store, &account).await?;
            }
        }
        Ok(())
    }

    /// Deletes the chats of an account, batch by batch. Returns the deliveries of the last batch, or `None` if the service
    /// stopped before the end.
    async fn pass(&self, account: &DeletedAccount) -> Result<Option<Vec<Delivery>>, StoreError> {
        let trace = Trace::resumed(account.request_id.clone());
        while !self.tasks.stopping().is_cancelled() {
            let (owner, now) = (account.account_id, self.clock.now());
            let forks =
                store::give_up_forks_of(&self.store, owner, CHATS_PER_TRANSACTION, &trace, now).await?;
            let batch = store::chats_of(&self.store, owner, CHATS_PER_TRANSACTION).await?;
            let is_last = forks.max(batch.len()) < CHATS_PER_TRANSACTION;
            let deliveries = store::destroy_chats(&self.store, batch, self.audience, &trace, now).await?;
            if is_last {
                return Ok(Some(deliveries));
            }
        }
        Ok(None)
    }
}
