//! Following runs that other replicas own: one poll for all of them.

use super::event::FinalEvent;
use super::hub::Hub;
use super::log::RunLog;
use crate::domain::{AnswerStatus, RunState, Timing};
use crate::store::{RunProgress, chunks_after, new_chunks, progress_of};
use shared::error::causes;
use shared::ids::ResponseId;
use shared::tasks::Tasks;
use shared_store::{Store, StoreError};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The most runs of a statement.
const RUNS_PER_POLL: usize = 200;

/// How long a stream waits for the message of a run whose owner is gone: who has waited for the lease shall be told within 40 s.
const MAX_INTERRUPTED_WAIT: Duration = Duration::from_secs(2);

/// Polls, until the service stops.
pub fn spawn_follower(store: &Store, hub: &Hub, timing: Timing, tasks: &Tasks) {
    let (store, hub) = (store.clone(), hub.clone());
    tasks.every(timing.follow_poll, move || {
        let (store, logs) = (store.clone(), hub.followed());
        async move {
            for logs in logs.chunks(RUNS_PER_POLL) {
                if let Err(error) = poll(&store, logs, timing.max_store_wait).await {
                    tracing::warn!(error = causes(&error), "runs of other replicas cannot be followed");
                }
            }
        }
    });
}

/// Brings the log of a run up to what is committed now, so that a reader can be placed in it.
pub async fn follow(store: &Store, log: &RunLog, timing: Timing) -> Result<(), StoreError> {
    if log.is_owned() || log.is_closed() {
        return Ok(());
    }
    let progress = progress_of(store, vec![log.id()]).await?.pop();
    let seq = progress.as_ref().map_or(0, |progress| progress.seq);
    while log.seq() < seq {
        let before = log.seq();
        log.append(chunks_after(store, log.id(), before).await?);
        if log.seq() == before {
            break;
        }
    }
    close_if_over(log, progress.as_ref(), timing.max_store_wait);
    Ok(())
}

async fn poll(store: &Store, logs: &[Arc<RunLog>], max_store_wait: Duration) -> Result<(), StoreError> {
    let ids: Vec<_> = logs.iter().map(|log| log.id()).collect();
    let progress = progress_of(store, ids).await?;
    let progress: HashMap<ResponseId, RunProgress> =
        progress.into_iter().map(|progress| (progress.response_id, progress)).collect();
    let is_behind = |log: &&Arc<RunLog>| progress.get(&log.id()).is_some_and(|run| run.seq > log.seq());
    let known = logs.iter().filter(is_behind).map(|log| (log.id(), log.seq())).collect();
    let mut chunks: HashMap<ResponseId, Vec<_>> = HashMap::new();
    for chunk in new_chunks(store, known).await? {
        chunks.entry(chunk.response_id).or_default().push(chunk);
    }
    for log in logs {
        log.append(chunks.remove(&log.id()).unwrap_or_default());
        close_if_over(log, progress.get(&log.id()), max_store_wait);
    }
    Ok(())
}

/// Ends the log of a run that has ended, once all of its chunks are there.
fn close_if_over(log: &RunLog, progress: Option<&RunProgress>, max_store_wait: Duration) {
    let Some(run) = progress else { return log.close(&FinalEvent::Dropped) };
    let has_all = log.seq() >= run.seq;
    let is_over = match run.state {
        RunState::Queued | RunState::Running => false,
        RunState::Dropped => return log.close(&FinalEvent::Dropped),
        // Without a message its chunks are pruned, and do not come any more.
        RunState::Stored => has_all || run.message.is_none(),
        RunState::Sealed => {
            let is_interrupted =
                run.finish.as_ref().is_some_and(|finish| finish.status == AnswerStatus::Interrupted);
            let wait = if is_interrupted { max_store_wait.min(MAX_INTERRUPTED_WAIT) } else { max_store_wait };
            has_all && log.sealed_since().elapsed() >= wait
        }
    };
    if is_over {
        log.close(&FinalEvent::Finished(run.finish.clone(), run.message.clone()));
    }
}
