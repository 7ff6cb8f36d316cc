//! The texts of stored runs, which are kept for readers who resume a stream, and are pruned.

use super::database_time::before;
use super::schema::{chunks, runs};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::ResponseId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};
use std::time::Duration;

/// How long a stream can be resumed after the end, chunk by chunk; after that it begins with a snapshot.
const CHUNK_RETENTION: Duration = Duration::from_secs(3600);

/// A stored run whose texts are kept. Lists are in the order of the time of the end, then of the id.
#[derive(Debug, Clone, Copy, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct KeptRun {
    #[diesel(select_expression = runs::ended_at.assume_not_null())]
    ended_at: Timestamp,
    /// Its id, and the message's.
    pub response_id: ResponseId,
}

/// Lists stored runs whose texts are kept, after the one `after`.
pub async fn kept_runs(
    store: &Store,
    after: Option<KeptRun>,
    limit: i64,
) -> Result<Vec<KeptRun>, StoreError> {
    store.read(move |session| list_kept(session, after, limit).boxed()).await
}

async fn list_kept(
    session: &mut Session,
    after: Option<KeptRun>,
    limit: i64,
) -> Result<Vec<KeptRun>, StoreError> {
    on!(session, |c| {
        let mut kept = runs::table.filter(runs::message.is_not_null()).into_boxed();
        if let Some(KeptRun { ended_at, response_id }) = after {
            let is_later = runs::ended_at
                .gt(ended_at)
                .or(runs::ended_at.eq(ended_at).and(runs::response_id.gt(response_id)));
            // The bound that the index serves.
            kept = kept.filter(runs::ended_at.ge(ended_at)).filter(is_later.assume_not_null());
        }
        let kept = kept.order((runs::ended_at, runs::response_id)).limit(limit);
        kept.select(KeptRun::as_select()).load(c).await
    })
}

/// Prunes the texts of stored runs.
pub async fn prune(store: &Store, ids: Vec<ResponseId>) -> Result<(), StoreError> {
    store.write(move |session| prune_in(session, ids.clone()).boxed()).await
}

/// Prunes at most `limit` of the runs that have ended long ago, and returns whether there were any.
pub(super) async fn prune_old(session: &mut Session, limit: i64) -> Result<bool, StoreError> {
    let old = runs::message.is_not_null().and(runs::ended_at.lt(before(CHUNK_RETENTION).nullable()));
    let old = runs::table.filter(old).order(runs::ended_at).limit(limit).select(runs::response_id);
    let old: Vec<ResponseId> = on!(session, |c| old.load(c).await)?;
    if old.is_empty() {
        return Ok(false);
    }
    prune_in(session, old).await.map(|()| true)
}

async fn prune_in(session: &mut Session, ids: Vec<ResponseId>) -> Result<(), StoreError> {
    on!(session, |c| {
        let pruned = runs::table.filter(any_of(runs::response_id, ids.clone()));
        diesel::update(pruned).set(runs::message.eq(None::<String>)).execute(c).await?;
        diesel::delete(chunks::table.filter(any_of(chunks::response_id, ids))).execute(c).await
    })
    .map(drop)
}
