//! Finishes forks of chats: the trunk is made by the branch service, then the chat is shown.
//!
//! The request that began a fork finishes it. What a failure or a crash has left is finished by a poll, or by the same request sent again;
//! each step can be repeated, by several at once.

use crate::clients::Branches;
use crate::error::Error;
use crate::store::{self, Chat, ChatFork};
use futures_util::future::join_all;
use shared::clock::Clock;
use shared::error::causes;
use shared::idempotency::Created;
use shared::tasks::Tasks;
use shared_outbox::Relay;
use shared_store::{Store, StoreError};
use shared_web::telemetry::Trace;
use std::time::Duration;

/// The interval of polls for forks that are due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// The longest backoff between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(60);
/// The forks of a poll, which are finished concurrently: few, as the service waits for them when it stops.
const FORKS_PER_POLL: usize = 8;

/// The forking of chats. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChatForking {
    /// The chats, and the forks under way.
    pub store: Store,
    /// Makes the trunks.
    pub branches: Branches,
    /// Delivers to the branch service which forks were given up.
    pub relay: Relay,
    /// The clock.
    pub clock: Clock,
}

impl ChatForking {
    /// Makes the trunk of a fork, and turns the fork into a chat. Without its source it is given up.
    pub async fn finish(&self, fork: &ChatFork, trace: &Trace) -> Result<Created<Chat>, Error> {
        match self.branches.fork(fork, trace).await {
            Ok(()) => store::finish_fork(&self.store, fork.id, trace, self.clock.now()).await,
            Err(error @ (Error::ChatNotFound | Error::BranchNotFound | Error::MessageNotFound)) => {
                let given_up = store::give_up_fork(&self.store, fork.id, trace, self.clock.now()).await?;
                self.relay.deliver_now(given_up, &trace.context).await;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Finishes what requests have left, until the service stops.
    pub fn spawn(&self, tasks: &Tasks) {
        let this = self.clone();
        tasks.every_while_busy(POLL_INTERVAL, Duration::ZERO, move || {
            let this = this.clone();
            async move {
                this.finish_due().await.unwrap_or_else(|error| {
                    tracing::error!(error = causes(&error), "forks of chats are still under way");
                    false
                })
            }
        });
    }

    /// Finishes some forks that are due, and returns whether there may be more.
    async fn finish_due(&self) -> Result<bool, StoreError> {
        let due = store::forks_due(&self.store, FORKS_PER_POLL, self.clock.now()).await?;
        let may_be_more = due.len() == FORKS_PER_POLL;
        join_all(due.into_iter().map(|fork| self.attempt(fork))).await;
        Ok(may_be_more)
    }

    async fn attempt(&self, fork: ChatFork) {
        let trace = Trace::resumed(fork.request_id.clone());
        let Err(error) = self.finish(&fork, &trace).await else { return };
        tracing::warn!(
            request_id = trace.request_id,
            error = causes(&error),
            "a fork of a chat was not finished"
        );
        let next = self.clock.now().plus(backoff(fork.attempts));
        // The row of a fork that was given up is gone.
        if let Err(error) = store::reschedule_fork(&self.store, &fork, next).await {
            tracing::error!(error = causes(&error), "forks of chats cannot be written");
        }
    }
}

/// Exponential backoff: 1 s, doubled with each attempt, at most [`MAX_BACKOFF`].
fn backoff(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 10)).unwrap_or(0);
    Duration::from_secs(1).saturating_mul(2_u32.pow(doublings)).min(MAX_BACKOFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_a_minute() {
        assert_eq!(backoff(0), Duration::from_secs(1));
        assert_eq!(backoff(3), Duration::from_secs(8));
        assert_eq!(backoff(i32::MAX), MAX_BACKOFF);
    }
}
