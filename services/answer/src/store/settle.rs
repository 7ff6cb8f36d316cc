//! What becomes of sealed runs: they are stored as messages, or dropped.

use super::database_time::{after, now};
use super::run::{Run, state_is_sql};
use super::schema::{chunks, runs};
use crate::domain::RunState;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use std::time::Duration;

/// Runs of one poll.
pub(crate) const RUNS_PER_POLL: usize = 20;

/// Takes sealed runs that nobody has stored in time; for `grace` nobody else takes them.
pub async fn runs_to_store(store: &Store, grace: Duration) -> Result<Vec<Run>, StoreError> {
    store.write(move |session| take(session, grace).boxed()).await
}

async fn take(session: &mut Session, grace: Duration) -> Result<Vec<Run>, StoreError> {
    let is_over = || runs::lease_until.le(now().nullable());
    let due = runs::table
        .filter(state_is_sql(RunState::Sealed))
        .filter(is_over())
        .order(runs::lease_until)
        .limit(i64::try_from(RUNS_PER_POLL).unwrap_or(i64::MAX));
    let due: Vec<ResponseId> = on!(session, |c| due.select(runs::response_id).load(c).await)?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    // Again: another replica may have taken some.
    let taken = runs::table
        .filter(any_of(runs::response_id, due))
        .filter(state_is_sql(RunState::Sealed))
        .filter(is_over());
    let taken = diesel::update(taken);
    let taken = taken.set(runs::lease_until.eq(after(grace).nullable()));
    on!(session, |c| taken.returning(Run::as_returning()).get_results(c).await)
}

/// Renews the lease of a sealed run that somebody is about to store, and returns how long ago it was sealed; `None` where it is not to
/// be stored any more.
pub async fn renew(store: &Store, id: ResponseId, grace: Duration) -> Result<Option<Duration>, StoreError> {
    store.write(move |session| renew_in(session, id, grace).boxed()).await
}

async fn renew_in(
    session: &mut Session,
    id: ResponseId,
    grace: Duration,
) -> Result<Option<Duration>, StoreError> {
    let sealed = runs::table.find(id).filter(runs::state.eq(RunState::Sealed));
    let renew = diesel::update(sealed).set(runs::lease_until.eq(after(grace).nullable()));
    let ended_at: Option<Option<Timestamp>> =
        on!(session, |c| { renew.returning(runs::ended_at).get_result(c).await.optional() })?;
    let Some(ended_at) = ended_at.flatten() else { return Ok(None) };
    let time: Timestamp = on!(session, |c| diesel::select(now()).get_result(c).await)?;
    let age = time.as_micros().saturating_sub(ended_at.as_micros());
    Ok(Some(Duration::from_micros(u64::try_from(age).unwrap_or(0))))
}

/// Records that a sealed run is stored as this message. Its texts are the message's from now on.
pub async fn store_run(store: &Store, id: ResponseId, message: String) -> Result<(), StoreError> {
    let stored = (runs::state.eq(RunState::Stored), runs::message.eq(Some(message)));
    let sealed = runs::table.find(id).filter(runs::state.eq(RunState::Sealed));
    store
        .write(move |session| {
            async move {
                let update = diesel::update(sealed).set((stored, without_texts()));
                on!(session, |c| update.execute(c).await).map(drop)
            }
            .boxed()
        })
        .await
}

/// The texts of a run, which are only kept until it is stored, and its place.
type WithoutTexts = (
    diesel::dsl::Eq<runs::question, &'static str>,
    diesel::dsl::Eq<runs::input_items, Option<String>>,
    diesel::dsl::Eq<runs::instructions, Option<String>>,
    diesel::dsl::Eq<runs::parameters, &'static str>,
    diesel::dsl::Eq<runs::response, Option<String>>,
    diesel::dsl::Eq<runs::output_items, Option<String>>,
    diesel::dsl::Eq<runs::placed_branch, Option<BranchId>>,
    diesel::dsl::Eq<runs::lease_until, Option<Timestamp>>,
);

fn without_texts() -> WithoutTexts {
    (
        runs::question.eq(""),
        runs::input_items.eq(None),
        runs::instructions.eq(None),
        runs::parameters.eq("{}"),
        runs::response.eq(None),
        runs::output_items.eq(None),
        runs::placed_branch.eq(None),
        runs::lease_until.eq(None),
    )
}

/// Drops a live run for good: nothing of its texts is left, and its owner loses its authority.
pub async fn drop_run(store: &Store, id: ResponseId) -> Result<(), StoreError> {
    store.write(move |session| async move { drop_runs(session, vec![id]).await }.boxed()).await
}

/// The same for several, within a transaction. Those that are stored are left.
pub(super) async fn drop_runs(session: &mut Session, ids: Vec<ResponseId>) -> Result<(), StoreError> {
    let is_live = runs::state.ne(RunState::Stored).and(runs::state.ne(RunState::Dropped));
    let live = runs::table.filter(any_of(runs::response_id, ids)).filter(is_live);
    let dropped = (
        runs::state.eq(RunState::Dropped),
        runs::epoch.eq(runs::epoch + 1),
        runs::message.eq(None::<String>),
        runs::ended_at.eq(now().nullable()),
    );
    let dropped: Vec<ResponseId> = on!(session, |c| {
        let update = diesel::update(live).set((dropped, without_texts()));
        update.returning(runs::response_id).get_results(c).await
    })?;
    let pieces = chunks::table.filter(any_of(chunks::response_id, dropped));
    on!(session, |c| diesel::delete(pieces).execute(c).await).map(drop)
}
