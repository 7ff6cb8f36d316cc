//! Deletes all that belongs to an account: at once, and 10 seconds later again, for what was being made meanwhile.
//!
//! The account is remembered first, in the database. So whatever dies in between, the second pass takes what is left.

use crate::store::{self, DeletedAccount};
use shared::clock::Clock;
use shared::ids::UserId;
use shared::problem::causes;
use shared::server::{Tasks, Trace};
use shared::store::outbox::{Delivery, Relay};
use shared::store::{Store, StoreError};
use std::time::Duration;

/// How long the request that deletes an account waits for the first pass, which goes on without it.
const FIRST_PASS_TIMEOUT: Duration = Duration::from_secs(1);
/// After what time the second pass comes: nothing that was being made at the first takes longer.
const SECOND_PASS_AFTER: Duration = Duration::from_secs(10);
/// How often it looks for second passes that are due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How many chats go in one transaction.
const CHATS_PER_TRANSACTION: usize = 100;

/// Deletes what belongs to accounts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AccountDeletion {
    /// Where the chats are.
    pub store: Store,
    /// Tells the branch service of them.
    pub relay: Relay,
    /// How long a deleted account is remembered.
    pub retention: Duration,
    /// Where the time comes from.
    pub clock: Clock,
    /// Where the work goes on.
    pub tasks: Tasks,
}

impl AccountDeletion {
    /// Remembers the account and begins to delete its chats. Doing it again changes nothing.
    pub async fn delete(&self, account_id: UserId, trace: &Trace) -> Result<(), StoreError> {
        let remembered =
            store::remember_account(&self.store, account_id, &self.clock, |now| DeletedAccount {
                account_id,
                until: now.plus(self.retention),
                second_pass_at: Some(now.plus(SECOND_PASS_AFTER)),
                request_id: trace.request_id.clone(),
            });
        let account = remembered.await?;
        let (account_deletion, context) = (self.clone(), trace.context.clone());
        let work = self.tasks.spawn(async move {
            match account_deletion.pass(&account).await {
                Ok(deliveries) => {
                    account_deletion.relay.deliver_now(deliveries.unwrap_or_default(), &context).await
                }
                Err(error) => {
                    let error = causes(&error);
                    tracing::warn!(error, "chats of a deleted account are left to the second pass");
                }
            }
        });
        drop(tokio::time::timeout(FIRST_PASS_TIMEOUT, work).await);
        Ok(())
    }

    /// Does the second passes that are due, until the service stops.
    pub fn spawn(&self) {
        let account_deletion = self.clone();
        self.tasks.spawn(async move {
            loop {
                if let Err(error) = account_deletion.run_due_second_passes().await {
                    tracing::error!(error = causes(&error), "chats of deleted accounts are still there");
                }
                tokio::select! {
                    () = account_deletion.tasks.stopping().cancelled() => return,
                    () = tokio::time::sleep(POLL_INTERVAL) => {}
                }
            }
        });
    }

    async fn run_due_second_passes(&self) -> Result<(), StoreError> {
        for account in store::accounts_due(&self.store, self.clock.now()).await? {
            // What it makes due is left to the relay, so that a slow service holds up no other account.
            if self.pass(&account).await?.is_some() {
                store::finish_account(&self.store, &account).await?;
            }
        }
        Ok(())
    }

    /// Deletes the chats of an account, batch by batch, and gives back what the last batch has made due; nothing where
    /// the service stopped before the end.
    async fn pass(&self, account: &DeletedAccount) -> Result<Option<Vec<Delivery>>, StoreError> {
        let trace = Trace::resumed(account.request_id.clone());
        while !self.tasks.stopping().is_cancelled() {
            let (owner, now) = (account.account_id, self.clock.now());
            let batch = store::chats_of(&self.store, owner, CHATS_PER_TRANSACTION).await?;
            let deliveries = store::delete_chats(&self.store, owner, &batch, &trace, now).await?;
            if batch.len() < CHATS_PER_TRANSACTION {
                return Ok(Some(deliveries));
            }
        }
        Ok(None)
    }
}
