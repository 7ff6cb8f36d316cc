//! Answers that were deleted after they were stored: the branch service knows of that, and their texts go here, too.

use super::replica::Executor;
use crate::error::Error;
use crate::store;
use shared::error::causes;
use shared::ids::ResponseId;
use shared_web::telemetry::Trace;
use std::collections::HashSet;
use std::time::Duration;

/// Runs of one request to the branch service, which takes no more.
const RUNS_PER_REQUEST: usize = 200;
/// The pause between two requests, which bounds what a replica asks for where many answers were stored within the hour.
const REQUEST_PAUSE: Duration = Duration::from_millis(500);

impl Executor {
    /// Prunes the texts of stored runs whose message is deleted.
    pub(super) async fn prune_deleted_answers(&self) {
        if let Err(error) = self.try_prune_deleted().await {
            tracing::warn!(error = causes(&error), "it is not known which answers are deleted");
        }
    }

    async fn try_prune_deleted(&self) -> Result<(), Error> {
        let parts = self.parts();
        let limit = i64::try_from(RUNS_PER_REQUEST).unwrap_or(i64::MAX);
        let mut after = None;
        loop {
            let kept = store::kept_runs(&parts.store, after, limit).await?;
            let ids: Vec<ResponseId> = kept.iter().map(|run| run.response_id).collect();
            after = kept.last().copied();
            if ids.is_empty() {
                return Ok(());
            }
            let Some(living) = parts.branches.living_messages(&ids, &Trace::generate()).await? else {
                return Ok(());
            };
            let living: HashSet<_> = living.into_iter().collect();
            let deleted: Vec<_> = ids.iter().copied().filter(|id| !living.contains(id)).collect();
            if !deleted.is_empty() {
                store::prune(&parts.store, deleted).await?;
            }
            let may_be_more = ids.len() >= RUNS_PER_REQUEST;
            let pause = tokio::time::sleep(REQUEST_PAUSE);
            if !may_be_more || parts.tasks.stopping().run_until_cancelled(pause).await.is_none() {
                return Ok(());
            }
        }
    }
}
