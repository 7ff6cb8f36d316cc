//! Stops.

use super::flush::{Seal, write_seal};
use super::schema::runs;
use crate::domain::{AnswerStatus, Finish, RunState};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::{ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use std::time::Duration;

/// A run as its owner polls it.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct OwnRun {
    /// The run.
    pub response_id: ResponseId,
    /// The state.
    pub state: RunState,
    /// The epoch.
    pub epoch: i64,
    /// Whether it shall stop.
    pub stop_requested: bool,
}

/// Marks a run to be stopped. A queued one ends at once, and is left to any replica to store; this is returned.
pub async fn stop(store: &Store, id: ResponseId) -> Result<bool, StoreError> {
    store.write(move |session| stop_in(session, id, None).boxed()).await
}

/// The same, on the condition that no stream was opened after the one with the number `last`.
async fn stop_in(session: &mut Session, id: ResponseId, last: Option<i64>) -> Result<bool, StoreError> {
    let live = runs::state.eq(RunState::Queued).or(runs::state.eq(RunState::Running));
    let live = runs::table.find(id).filter(live);
    let marked: Option<(RunState, UserId)> = on!(session, |c| match last {
        None => {
            let mark = diesel::update(live).set(runs::stop_requested.eq(true));
            mark.returning((runs::state, runs::owner)).get_result(c).await.optional()
        }
        Some(last) => {
            let mark = diesel::update(live.filter(runs::streams.eq(last))).set(runs::stop_requested.eq(true));
            mark.returning((runs::state, runs::owner)).get_result(c).await.optional()
        }
    })?;
    let Some((RunState::Queued, owner)) = marked else { return Ok(false) };
    let finish = Finish::of(AnswerStatus::Stopped);
    let seal = Seal { owner, response: String::new(), output_items: None, finish };
    write_seal(session, id, seal, Duration::ZERO).await?;
    Ok(true)
}

/// These runs, as far as they are there.
pub async fn own_runs(store: &Store, ids: Vec<ResponseId>) -> Result<Vec<OwnRun>, StoreError> {
    let own = runs::table.filter(any_of(runs::response_id, ids));
    let read = store.read(move |session| {
        async move { on!(session, |c| own.select(OwnRun::as_select()).load(c).await) }.boxed()
    });
    read.await
}

/// Counts a stream of a run that stops on a disconnect, and returns its number.
pub async fn count_stream(store: &Store, id: ResponseId) -> Result<Option<i64>, StoreError> {
    let opened = diesel::update(runs::table.find(id)).set(runs::streams.eq(runs::streams + 1));
    let count = opened.returning(runs::streams);
    store
        .write_statement(move |session| {
            async move { on!(session, |c| count.get_result(c).await.optional()) }.boxed()
        })
        .await
}

/// Stops a run if no stream was opened after the one with this number; 0 for none at all.
pub async fn stop_without_streams(store: &Store, id: ResponseId, last: i64) -> Result<(), StoreError> {
    store.write(move |session| stop_in(session, id, Some(last)).boxed()).await.map(drop)
}
