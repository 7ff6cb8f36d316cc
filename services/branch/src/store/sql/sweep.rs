//! Clearing away what was deleted, in steps so small that nobody waits for them.
//!
//! Behind every tombstone go its messages; those that a keyed request has made are only scrubbed, because the key
//! must answer for a day. Then the tombstone itself goes. At last the space is given back. Every step can be repeated, so nothing is lost in a crash.

use super::content::SqlContent;
use super::queries;
use super::schema::{branches, messages};
use crate::domain::RETENTION;
use crate::error::Error;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use shared::clock::{Clock, Timestamp};
use shared::ids::{BranchId, ChatId, KeyId, ResponseId};
use shared::store::Store;
use shared::{on, tx};

/// How many rows a step changes.
const ROWS_PER_SWEEP: i64 = 200;

impl SqlContent {
    pub(crate) async fn sweep(&self) -> Result<bool, Error> {
        let tombstones = tombstones(&self.store).await?;
        if tombstones.is_empty() {
            return Ok(purge(&self.store, &self.clock).await? || self.store.reclaim().await?);
        }
        for tombstone in &tombstones {
            if tombstone.is_trunk() && mark(&self.store, tombstone).await? > 0 {
                return Ok(true);
            }
        }
        let ids: Vec<_> = tombstones.iter().map(|tombstone| tombstone.branch).collect();
        if clear(&self.store, &ids).await? == 0 {
            settle(&self.store, &ids, self.clock.now()).await?;
        }
        Ok(true)
    }
}

/// A deleted branch behind which there may be something left.
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

/// Gives the branches of a deleted chat tombstones of their own. Marking a row waits for who is appending to it or
/// forking it, so when nothing is left to mark, nothing comes after.
async fn mark(store: &Store, trunk: &Tombstone) -> Result<usize, Error> {
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

/// Removes some of the messages of these branches, and scrubs those that must answer to a key.
async fn clear(store: &Store, branches: &[BranchId]) -> Result<usize, Error> {
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

/// Notes that nothing is left behind these tombstones.
async fn settle(store: &Store, ids: &[BranchId], now: Timestamp) -> Result<(), Error> {
    tx!(store, |c| {
        let update = diesel::update(branches::table.filter(branches::branch_id.eq_any(ids)));
        update.set((branches::swept_at.eq(Some(now)), branches::name.eq(None::<String>))).execute(c).await?;
        Ok(())
    })
}

/// Removes tombstones whose day is over, with the scrubbed messages behind them.
async fn purge(store: &Store, clock: &Clock) -> Result<bool, Error> {
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
