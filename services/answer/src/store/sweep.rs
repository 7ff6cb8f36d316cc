//! The sweep: chunks go an hour after the end of their run, its row after a day.

use super::accounts::sweep_accounts;
use super::database_time::before;
use super::prune::prune_old;
use super::run::is_settled_sql;
use super::schema::{chat_states, runs, token_usage};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::RETENTION;
use shared::ids::ResponseId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use std::time::Duration;

/// How long tokens of a day are counted: two days.
const USAGE_RETENTION_DAYS: i64 = 2;
/// Runs of one step: few, so that no writer waits long for it.
const RUNS_PER_STEP: i64 = 100;

/// Runs a step of each kind, and returns whether there may be more to do. Deleted accounts are remembered for `account_retention`.
pub async fn sweep(store: &Store, account_retention: Duration) -> Result<bool, StoreError> {
    let pruned = store.write_exclusively(move |session| prune_old(session, RUNS_PER_STEP).boxed()).await?;
    let forgotten = store.write_exclusively(move |session| forget_runs(session).boxed()).await?;
    store.write_exclusively(move |session| forget_counts(session).boxed()).await?;
    store.write_exclusively(move |session| sweep_accounts(session, account_retention).boxed()).await?;
    // Another replica that sweeps goes on until nothing is left.
    Ok([pruned, forgotten].contains(&Some(true)))
}

async fn forget_runs(session: &mut Session) -> Result<bool, StoreError> {
    let old = runs::table.filter(is_settled_sql()).filter(runs::ended_at.lt(before(RETENTION).nullable()));
    let old: Vec<ResponseId> =
        on!(session, |c| old.limit(RUNS_PER_STEP).select(runs::response_id).load(c).await)?;
    if old.is_empty() {
        return Ok(false);
    }
    on!(session, |c| diesel::delete(runs::table.filter(any_of(runs::response_id, old))).execute(c).await)?;
    Ok(true)
}

async fn forget_counts(session: &mut Session) -> Result<(), StoreError> {
    let time: Timestamp = on!(session, |c| diesel::select(super::database_time::now()).get_result(c).await)?;
    let today = super::limits::day_of(time);
    on!(session, |c| {
        diesel::delete(token_usage::table.filter(token_usage::day.lt(today - USAGE_RETENTION_DAYS)))
            .execute(c)
            .await?;
        let old = chat_states::recorded_at.lt(before(RETENTION));
        diesel::delete(chat_states::table.filter(old)).execute(c).await
    })
    .map(drop)
}
