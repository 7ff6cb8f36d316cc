//! Runs as clients ask for them.

use super::run::{Run, is_live_sql};
use super::schema::runs;
use crate::domain::RunState;
use diesel::dsl::count_star;
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::ids::{ChatId, ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};

/// A run, whosever it is.
pub async fn find_run(store: &Store, id: ResponseId) -> Result<Option<Run>, StoreError> {
    let run = runs::table.find(id);
    let read = store.read(move |session| {
        async move { on!(session, |c| run.select(Run::as_select()).first(c).await.optional()) }.boxed()
    });
    read.await
}

/// A run of this owner.
pub async fn own_run(store: &Store, owner: UserId, id: ResponseId) -> Result<Option<Run>, StoreError> {
    find_run(store, id).await.map(|run| run.filter(|run| run.owner == owner))
}

/// The ids of the live runs of an owner, newest first: all of them, or those of a chat.
pub async fn live_runs(
    store: &Store,
    owner: UserId,
    chat: Option<ChatId>,
    limit: i64,
) -> Result<Vec<ResponseId>, StoreError> {
    store.read(move |session| list_live(session, owner, chat, limit).boxed()).await
}

async fn list_live(
    session: &mut Session,
    owner: UserId,
    chat: Option<ChatId>,
    limit: i64,
) -> Result<Vec<ResponseId>, StoreError> {
    on!(session, |c| {
        let mut live = runs::table.filter(runs::owner.eq(owner)).filter(is_live_sql()).into_boxed();
        if let Some(chat) = chat {
            live = live.filter(runs::chat_id.eq(chat));
        }
        let live = live.order((runs::created_at.desc(), runs::response_id.desc())).limit(limit);
        live.select(runs::response_id).load(c).await
    })
}

/// How many runs are queued, running and sealed.
pub async fn run_counts(store: &Store) -> Result<[(RunState, i64); 3], StoreError> {
    store.read(move |session| count_all(session).boxed()).await
}

async fn count_all(session: &mut Session) -> Result<[(RunState, i64); 3], StoreError> {
    let mut counts = [(RunState::Queued, 0), (RunState::Running, 0), (RunState::Sealed, 0)];
    for (state, count) in &mut counts {
        let counted = runs::table.filter(is_live_sql()).filter(runs::state.eq(*state)).select(count_star());
        *count = on!(session, |c| counted.get_result(c).await)?;
    }
    Ok(counts)
}
