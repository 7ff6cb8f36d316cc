//! The sweep: deletes what is behind tombstones, in steps so small that nobody waits.
//!
//! The messages of a tombstone are deleted; those with an idempotency key are only scrubbed, because the key must answer for a
//! day. Then the tombstone itself is removed, and at last the space is reclaimed. Every step is idempotent, so that a crash
//! loses nothing.

use super::engine::SqlEngine;
use super::queries;
use super::schema::{branches, messages};
use crate::error::Error;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::idempotency::RETENTION;
use shared::ids::{BranchId, ChatId, KeyId, ResponseId};
use shared_store::Store;
use shared_store::{on, tx};

/// Rows of one step.
const ROWS_PER_SWEEP: i64 = 200;

impl SqlEngine {
    pub(crate) async fn sweep(&self) -> Result<bool, Error> {
        let tombstones = tombstones(&self.store).await?;
        if tombstones.is_empty() {
            return Ok(remove_tombstones(&self.store, &self.clock).await? || self.store.reclaim().await?);
        }
        for tombstone in &tombstones {
            if tombstone.is_trunk() && tombstone_branches_of(&self.store, tombstone).await? > 0 {
                return Ok(true);
            }
        }
        let ids: Vec<_> = tombstones.iter().map(|tombstone| tombstone.branch).collect();
        if delete_or_scrub(&self.store, &ids).await? == 0 {
            record_swept(&self.store, &ids, self.clock.now()).await?;
        }
        Ok(true)
    }
}

/// A deleted branch that may still have messages.
#[derive(Debug, Queryable)]
struct Tombstone {
    branch: BranchId,
    chat: ChatId,
    deleted_at: Option<Timestamp>,
}

impl Tombstone {
    fn is_trunk(&self) -> bool {
        self.branch == self.chat.trunk()
    }
}

/// The oldest tombstones, of one chat the deepest first.
async fn tombstones(store: &Store) -> Result<Vec<Tombstone>, Error> {
    let query = branches::table
        .filter(branches::deleted_at.is_not_null().and(branches::swept_at.is_null()))
        .order((branches::deleted_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select((branches::branch_id, branches::root_chat_id, branches::deleted_at));
    Ok(on!(store, |c| query.load(c).await)?)
}

/// Makes the branches of a deleted chat tombstones. The update of a row waits for appends and forks that lock it, so that once
/// no living branch is left, none follows.
async fn tombstone_branches_of(store: &Store, trunk: &Tombstone) -> Result<usize, Error> {
    let living = queries::of_chat(trunk.chat).limit(ROWS_PER_SWEEP).select(branches::branch_id);
    let living: Vec<BranchId> = on!(store, |c| living.load(c).await)?;
    if living.is_empty() {
        return Ok(0);
    }
    tx!(store, |c| {
        let update = diesel::update(branches::table.filter(branches::branch_id.eq_any(&living)));
        Ok(update.set(branches::deleted_at.eq(trunk.deleted_at)).execute(c).await?)
    })
}

/// Deletes some of the messages of these branches, and scrubs those with a key.
async fn delete_or_scrub(store: &Store, branches: &[BranchId]) -> Result<usize, Error> {
    let left = messages::table
        .filter(messages::branch_id.eq_any(branches).and(messages::text_bytes.gt(0)))
        .limit(ROWS_PER_SWEEP)
        .select((messages::response_id, messages::key_id));
    let left: Vec<(ResponseId, Option<KeyId>)> = on!(store, |c| left.load(c).await)?;
    if left.is_empty() {
        return Ok(0);
    }
    let (keyed, plain): (Vec<_>, Vec<_>) = left.iter().partition(|(_, key)| key.is_some());
    let keyed: Vec<_> = keyed.into_iter().map(|(id, _)| id).collect();
    let plain: Vec<_> = plain.into_iter().map(|(id, _)| id).collect();
    tx!(store, |c| {
        diesel::delete(messages::table.filter(messages::response_id.eq_any(&plain))).execute(c).await?;
        let nothing = (
            messages::question.eq(""),
            messages::response.eq(""),
            messages::metadata.eq("{}"),
            messages::text_bytes.eq(0),
        );
        let scrub = diesel::update(messages::table.filter(messages::response_id.eq_any(&keyed)));
        scrub.set(nothing).execute(c).await?;
        Ok(left.len())
    })
}

/// Records that these tombstones have no messages left.
async fn record_swept(store: &Store, ids: &[BranchId], now: Timestamp) -> Result<(), Error> {
    tx!(store, |c| {
        let update = diesel::update(branches::table.filter(branches::branch_id.eq_any(ids)));
        update.set((branches::swept_at.eq(Some(now)), branches::name.eq(None::<String>))).execute(c).await?;
        Ok(())
    })
}

/// Removes tombstones after [`RETENTION`], with their scrubbed messages.
async fn remove_tombstones(store: &Store, clock: &Clock) -> Result<bool, Error> {
    let until = clock.now().minus(RETENTION);
    let due = branches::table
        .filter(branches::swept_at.is_not_null().and(branches::deleted_at.le(until)))
        .order((branches::deleted_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    let due: Vec<BranchId> = on!(store, |c| due.load(c).await)?;
    if due.is_empty() {
        return Ok(false);
    }
    let scrubbed = messages::table
        .filter(messages::branch_id.eq_any(&due))
        .limit(ROWS_PER_SWEEP)
        .select(messages::response_id);
    let scrubbed: Vec<ResponseId> = on!(store, |c| scrubbed.load(c).await)?;
    tx!(store, |c| {
        if scrubbed.is_empty() {
            diesel::delete(branches::table.filter(branches::branch_id.eq_any(&due))).execute(c).await?;
        } else {
            diesel::delete(messages::table.filter(messages::response_id.eq_any(&scrubbed)))
                .execute(c)
                .await?;
        }
        Ok(true)
    })
}
