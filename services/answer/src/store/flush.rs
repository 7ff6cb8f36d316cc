//! Flushes: chunks are written on the condition that the writer still owns the run.
//!
//! One statement is the fence (epoch and `seq`), the heartbeat (the lease), the sequence without gaps, and the delivery of a stop.

use super::database_time::{after, now};
use super::limits::{add_tokens, lock_tokens};
use super::run::Run;
use super::schema::{chunks, runs};
use crate::domain::{Chunk, Finish, RunState};
use diesel::prelude::*;
use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{ResponseId, UserId};
use shared_store::{RunQueryDsl, Session, Store, StoreError, on};
use std::time::Duration;

/// A flush of the owner of a run.
#[derive(Clone)]
pub struct Flush {
    /// The run.
    pub response_id: ResponseId,
    /// The epoch in which the writer owns it.
    pub epoch: i64,
    /// The number of its last chunk before.
    pub from: i64,
    /// The chunks from there on; none for a heartbeat.
    pub chunks: Vec<Chunk>,
    /// The lease from now on; none where the one before still lasts: a row whose indexed columns stay is updated without its indexes.
    pub lease: Option<Duration>,
    /// The end of the run, if this is it.
    pub seal: Option<Seal>,
}

debug_without_texts! { Flush { response_id, epoch, from, seal } }

/// The end of a run: from now on its texts do not change.
#[derive(Clone)]
pub struct Seal {
    /// Whose it is.
    pub owner: UserId,
    /// The response.
    pub response: String,
    /// The items of the response, as JSON.
    pub output_items: Option<String>,
    /// How it has ended.
    pub finish: Finish,
}

debug_without_texts! { Seal { owner, finish } }

/// The result of a flush.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlushResult {
    /// It is written, and the run goes on.
    Written {
        /// Whether the run shall stop.
        stop_requested: bool,
    },
    /// Nothing is written: the run belongs to another, or has ended.
    Lost,
}

impl Flush {
    fn to(&self) -> i64 {
        self.chunks.last().map_or(self.from, |last| last.seq)
    }

    fn bytes(&self) -> usize {
        let chunks: usize = self.chunks.iter().map(|chunk| chunk.data.len()).sum();
        chunks + self.seal.as_ref().map_or(0, |seal| seal.response.len())
    }
}

/// Writes a flush, or nothing of it.
pub async fn flush(store: &Store, flush: Flush) -> Result<FlushResult, StoreError> {
    if flush.chunks.is_empty() && flush.seal.is_none() {
        return store
            .write_statement(move |session| async move { fence(session, &flush).await }.boxed())
            .await;
    }
    store.write_sized(flush.bytes(), move |session| write(session, flush).boxed()).await
}

async fn write(session: &mut Session, flush: Flush) -> Result<FlushResult, StoreError> {
    if let Some(seal) = &flush.seal {
        // Before the row of the run: who asks holds the user's row, too, and may wait for the end of a run of the same branch.
        lock_tokens(session, seal.owner).await?;
    }
    let result = fence(session, &flush).await?;
    if result == FlushResult::Lost {
        return Ok(result);
    }
    for chunk in &flush.chunks {
        let Chunk { response_id, seq, kind, data } = chunk;
        let row = (
            chunks::response_id.eq(*response_id),
            chunks::seq.eq(*seq),
            chunks::kind.eq(*kind),
            chunks::data.eq(data),
        );
        on!(session, |c| diesel::insert_into(chunks::table).values(row).execute(c).await)?;
    }
    if let Some(seal) = flush.seal {
        write_seal(session, flush.response_id, seal, flush.lease.unwrap_or_default()).await?;
    }
    Ok(result)
}

async fn fence(session: &mut Session, flush: &Flush) -> Result<FlushResult, StoreError> {
    let owned = runs::table
        .find(flush.response_id)
        .filter(runs::epoch.eq(flush.epoch).and(runs::seq.eq(flush.from)))
        .filter(runs::state.eq(RunState::Running));
    let lease = flush.lease.map(|lease| runs::lease_until.eq(after(lease).nullable()));
    let progress = (runs::seq.eq(flush.to()), lease);
    let written: Option<bool> = on!(session, |c| {
        diesel::update(owned).set(progress).returning(runs::stop_requested).get_result(c).await.optional()
    })?;
    Ok(written.map_or(FlushResult::Lost, |stop_requested| FlushResult::Written { stop_requested }))
}

/// Seals a run whose row this transaction holds. `grace` is how long it is left to its owner.
pub(super) async fn write_seal(
    session: &mut Session,
    id: ResponseId,
    seal: Seal,
    grace: Duration,
) -> Result<(), StoreError> {
    let Seal { owner, response, output_items, finish } = seal;
    let estimates = (finish.clone(), response.clone());
    let end = (
        runs::state.eq(RunState::Sealed),
        runs::response.eq(Some(response)),
        runs::output_items.eq(output_items),
        runs::finish.eq(Some(finish)),
        runs::ended_at.eq(now().nullable()),
        runs::lease_until.eq(after(grace).nullable()),
    );
    let sealed = diesel::update(runs::table.find(id)).set(end).returning((runs::ended_at, runs::charged));
    let (ended_at, charged): (Option<Timestamp>, i64) = on!(session, |c| sealed.get_result(c).await)?;
    let (finish, response) = estimates;
    let rest = finish.tokens(charged, &response) - charged;
    if let (Some(ended_at), true) = (ended_at, rest != 0) {
        add_tokens(session, owner, ended_at, rest).await?;
    }
    Ok(())
}

/// Counts the tokens that the prompt of a run is estimated to have, before they are asked for: the seal corrects them.
pub async fn charge(store: &Store, run: &Run, tokens: i64) -> Result<(), StoreError> {
    let (id, epoch, owner) = (run.response_id, run.epoch, run.owner);
    store.write(move |session| charge_in(session, (id, epoch, owner), tokens).boxed()).await
}

async fn charge_in(
    session: &mut Session,
    (id, epoch, owner): (ResponseId, i64, UserId),
    tokens: i64,
) -> Result<(), StoreError> {
    let (time, _) = lock_tokens(session, owner).await?;
    let owned = runs::table.find(id).filter(runs::epoch.eq(epoch)).filter(runs::state.eq(RunState::Running));
    let before: Option<i64> = on!(session, |c| owned.select(runs::charged).first(c).await.optional())?;
    let Some(before) = before.filter(|before| *before != tokens) else { return Ok(()) };
    let charged: usize =
        on!(session, |c| { diesel::update(owned).set(runs::charged.eq(tokens)).execute(c).await })?;
    if charged > 0 {
        add_tokens(session, owner, time, tokens - before).await?;
    }
    Ok(())
}

/// Whether a flush whose result is not known was written: then the run is where it has left it.
pub async fn confirm_flush(store: &Store, flush: &Flush) -> Result<bool, StoreError> {
    let state = if flush.seal.is_some() { RunState::Sealed } else { RunState::Running };
    let written = runs::table
        .find(flush.response_id)
        .filter(runs::epoch.eq(flush.epoch).and(runs::seq.eq(flush.to())))
        .filter(runs::state.eq(state))
        .count();
    let counted: i64 = store
        .read::<_, StoreError>(move |session| {
            async move { on!(session, |c| written.get_result(c).await) }.boxed()
        })
        .await?;
    Ok(counted > 0)
}
