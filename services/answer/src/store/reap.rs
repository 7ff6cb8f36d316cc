//! Runs whose owner is gone: its lease is over.

use super::chunks::read_after;
use super::database_time::now;
use super::flush::{Seal, write_seal};
use super::limits::lock_tokens;
use super::run::state_is_sql;
use super::schema::runs;
use super::text::{output_items, text_of};
use crate::domain::{AnswerStatus, Finish, RunState};
use diesel::dsl::{auto_type, not};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ReplicaId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use std::time::Duration;

/// The most attempts of a run of which nothing was shown.
const MAX_ATTEMPTS: i32 = 2;
/// Runs of one poll.
const RUNS_PER_POLL: usize = 100;

/// The condition that a run ends when its owner is gone: something was shown, or it was tried again already, or it was to be stopped.
#[auto_type(no_type_alias)]
fn ends_with_owner_sql() -> _ {
    let is_tried: diesel::dsl::GtEq<runs::attempts, i32> = runs::attempts.ge(MAX_ATTEMPTS);
    let has_shown: diesel::dsl::Gt<runs::seq, i64> = runs::seq.gt(0);
    has_shown.or(is_tried).or(runs::stop_requested)
}

/// Queues runs again of which nothing was shown, and returns how many.
pub async fn requeue_expired_runs(store: &Store) -> Result<usize, StoreError> {
    let expired = runs::table
        .filter(state_is_sql(RunState::Running))
        .filter(runs::lease_until.lt(now().nullable()))
        .filter(not(ends_with_owner_sql()));
    let queued = (
        runs::epoch.eq(runs::epoch + 1),
        runs::state.eq(RunState::Queued),
        runs::replica.eq(None::<ReplicaId>),
        runs::lease_until.eq(None::<Timestamp>),
    );
    let requeue = diesel::update(expired).set(queued);
    store
        .write_statement(move |session| async move { on!(session, |c| requeue.execute(c).await) }.boxed())
        .await
}

/// The other ones, those that are over for the longest first; and whether there may be more.
pub async fn expired_runs(store: &Store) -> Result<(Vec<ResponseId>, bool), StoreError> {
    let expired = runs::table
        .filter(state_is_sql(RunState::Running))
        .filter(runs::lease_until.lt(now().nullable()))
        .filter(ends_with_owner_sql())
        .order(runs::lease_until)
        .limit(i64::try_from(RUNS_PER_POLL).unwrap_or(i64::MAX))
        .select(runs::response_id);
    let expired: Vec<ResponseId> = store
        .read::<_, StoreError>(move |session| async move { on!(session, |c| expired.load(c).await) }.boxed())
        .await?;
    let may_be_more = expired.len() >= RUNS_PER_POLL;
    Ok((expired, may_be_more))
}

/// Seals such a run with all that was flushed: as stopped where that was wanted, else as interrupted. Returns how it has ended; `None` if
/// its owner has renewed the lease, or another replica was faster.
pub async fn end_expired_run(store: &Store, id: ResponseId) -> Result<Option<AnswerStatus>, StoreError> {
    store.write(move |session| end(session, id).boxed()).await
}

async fn end(session: &mut Session, id: ResponseId) -> Result<Option<AnswerStatus>, StoreError> {
    let owner = runs::table.find(id).select(runs::owner);
    let owner: Option<UserId> = on!(session, |c| owner.first(c).await.optional())?;
    let Some(owner) = owner else { return Ok(None) };
    // Before the row of the run, as in a flush.
    lock_tokens(session, owner).await?;
    // Again: its owner may have renewed the lease.
    let expired = runs::table
        .find(id)
        .filter(runs::state.eq(RunState::Running).and(runs::lease_until.lt(now().nullable())))
        .filter(ends_with_owner_sql());
    let fenced = (runs::epoch.eq(runs::epoch + 1), runs::replica.eq(None::<ReplicaId>));
    let taken: Option<bool> = on!(session, |c| {
        let take = diesel::update(expired).set(fenced).returning(runs::stop_requested);
        take.get_result(c).await.optional()
    })?;
    let Some(stop_requested) = taken else { return Ok(None) };
    let chunks = read_after(session, id, 0, i64::MAX).await?;
    let response = text_of(&chunks);
    let output_items = output_items(&chunks);
    let status = if stop_requested { AnswerStatus::Stopped } else { AnswerStatus::Interrupted };
    let seal = Seal { owner, response, output_items, finish: Finish::of(status) };
    write_seal(session, id, seal, Duration::ZERO).await?;
    Ok(Some(status))
}
