//! Chunks as readers ask for them.

use super::schema::{chunks, runs};
use crate::domain::{Chunk, Finish, RunState};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::ResponseId;
use shared_store::{RunQueryDsl, Session, Store, StoreError, any_of, on};

/// Chunks of one statement: of a run that is read from its start, no more are in memory twice.
const CHUNKS_PER_READ: i64 = 2_000;

/// How far a run is.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = runs)]
pub struct RunProgress {
    /// The run.
    pub response_id: ResponseId,
    /// The state.
    pub state: RunState,
    /// The number of its chunks.
    pub seq: i64,
    /// How it has ended.
    pub finish: Option<Finish>,
    /// The message as it was stored, as long as there are chunks.
    pub message: Option<String>,
    /// When it has ended.
    pub ended_at: Option<Timestamp>,
}

debug_without_texts! { RunProgress { response_id, state, seq } }

/// How far these runs are. One that is missing is gone.
pub async fn progress_of(store: &Store, ids: Vec<ResponseId>) -> Result<Vec<RunProgress>, StoreError> {
    let asked = runs::table.filter(any_of(runs::response_id, ids));
    let read = store.read(move |session| {
        async move { on!(session, |c| asked.select(RunProgress::as_select()).load(c).await) }.boxed()
    });
    read.await
}

/// The chunks of a run after the number `after`, in their order, or the first of them.
pub async fn chunks_after(store: &Store, id: ResponseId, after: i64) -> Result<Vec<Chunk>, StoreError> {
    store.read(move |session| read_after(session, id, after, CHUNKS_PER_READ).boxed()).await
}

pub(super) async fn read_after(
    session: &mut Session,
    id: ResponseId,
    after: i64,
    limit: i64,
) -> Result<Vec<Chunk>, StoreError> {
    let rest = chunks::table.filter(chunks::response_id.eq(id).and(chunks::seq.gt(after)));
    on!(session, |c| rest.order(chunks::seq).limit(limit).select(Chunk::as_select()).load(c).await)
}

/// The chunks of several runs, of each after its own number, in one statement.
pub async fn new_chunks(store: &Store, known: Vec<(ResponseId, i64)>) -> Result<Vec<Chunk>, StoreError> {
    if known.is_empty() {
        return Ok(Vec::new());
    }
    store.read(move |session| read_new(session, known).boxed()).await
}

async fn read_new(session: &mut Session, known: Vec<(ResponseId, i64)>) -> Result<Vec<Chunk>, StoreError> {
    on!(session, |c| {
        let mut rest = chunks::table.into_boxed();
        for (id, after) in known {
            rest = rest.or_filter(chunks::response_id.eq(id).and(chunks::seq.gt(after)));
        }
        let rest = rest.order((chunks::response_id, chunks::seq)).limit(CHUNKS_PER_READ);
        rest.select(Chunk::as_select()).load(c).await
    })
}
