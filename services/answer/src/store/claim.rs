//! The claim of queued runs.

use super::database_time::{after, before, now};
use super::run::{Run, state_is_sql};
use super::schema::runs;
use crate::domain::RunState;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ReplicaId, ResponseId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use std::time::Duration;

/// Runs of one poll of the queue.
const RUNS_PER_POLL: usize = 100;

/// Makes a replica the owner of a queued run; `None` if it is not queued any more, or if its model takes `max_runs` and so many are running
/// already, or an older one waits.
///
/// Claims at the same moment do not see each other, so that a model may have as many more as there are replicas.
pub async fn claim(
    store: &Store,
    id: ResponseId,
    replica: ReplicaId,
    lease: Duration,
    max_runs: Option<u32>,
) -> Result<Option<Run>, StoreError> {
    store.write(move |session| take(session, id, replica, lease, max_runs).boxed()).await
}

async fn take(
    session: &mut Session,
    id: ResponseId,
    replica: ReplicaId,
    lease: Duration,
    max_runs: Option<u32>,
) -> Result<Option<Run>, StoreError> {
    let queued = runs::table.find(id).filter(runs::state.eq(RunState::Queued));
    let owned = (
        runs::epoch.eq(runs::epoch + 1),
        runs::attempts.eq(runs::attempts + 1),
        runs::replica.eq(Some(replica)),
        runs::state.eq(RunState::Running),
        runs::lease_until.eq(after(lease).nullable()),
    );
    let claimed: Option<Run> = on!(session, |c| {
        let claim = diesel::update(queued).set(owned).returning(Run::as_returning());
        claim.get_result(c).await.optional()
    })?;
    let Some(mut run) = claimed else { return Ok(None) };
    if run.started_at.is_none() {
        let start = diesel::update(runs::table.find(id)).set(runs::started_at.eq(now().nullable()));
        run.started_at = on!(session, |c| start.returning(runs::started_at).get_result(c).await)?;
    }
    let Some(max_runs) = max_runs else { return Ok(Some(run)) };
    if has_room(session, &run, max_runs).await? {
        return Ok(Some(run));
    }
    let waits = (
        runs::state.eq(RunState::Queued),
        runs::attempts.eq(runs::attempts - 1),
        runs::started_at.eq(None::<Timestamp>),
        runs::lease_until.eq(None::<Timestamp>),
    );
    on!(session, |c| diesel::update(runs::table.find(id)).set(waits).execute(c).await)?;
    Ok(None)
}

/// Whether a run that was claimed just now may run, beside those of its model that are running, and before those that wait.
async fn has_room(session: &mut Session, run: &Run, max_runs: u32) -> Result<bool, StoreError> {
    let running =
        runs::table.filter(state_is_sql(RunState::Running)).filter(runs::model.eq(run.model.clone()));
    let running: i64 = on!(session, |c| running.count().get_result(c).await)?;
    if running > i64::from(max_runs) {
        return Ok(false);
    }
    let older =
        runs::table.filter(state_is_sql(RunState::Queued)).filter(runs::created_at.lt(run.created_at));
    let older = older.filter(runs::model.eq(run.model.clone())).select(runs::response_id).limit(1);
    let older: Option<ResponseId> = on!(session, |c| older.get_result(c).await.optional())?;
    Ok(older.is_none())
}

/// Runs that were queued longer than `grace`, oldest first, each with its model, but for those of the models `full`; and whether there
/// may be more.
pub async fn waiting_runs(
    store: &Store,
    grace: Duration,
    full: Vec<String>,
) -> Result<(Vec<(ResponseId, String)>, bool), StoreError> {
    let waiting = store.read(move |session| list_waiting(session, grace, full).boxed()).await?;
    let may_be_more = waiting.len() >= RUNS_PER_POLL;
    Ok((waiting, may_be_more))
}

async fn list_waiting(
    session: &mut Session,
    grace: Duration,
    full: Vec<String>,
) -> Result<Vec<(ResponseId, String)>, StoreError> {
    let limit = i64::try_from(RUNS_PER_POLL).unwrap_or(i64::MAX);
    on!(session, |c| {
        let waiting =
            runs::table.filter(state_is_sql(RunState::Queued)).filter(runs::created_at.le(before(grace)));
        let mut waiting = waiting.into_boxed();
        for model in full {
            waiting = waiting.filter(runs::model.ne(model));
        }
        let waiting = waiting.order(runs::created_at).limit(limit);
        waiting.select((runs::response_id, runs::model)).load(c).await
    })
}
