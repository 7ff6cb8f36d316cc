//! The sweep: deletes what is behind tombstones, in steps so small that nobody waits.
//!
//! The messages of a tombstone are deleted; those with an idempotency key are only scrubbed, because the key must answer for a
//! day. Then the tombstone itself is removed, and at last the space is reclaimed. Every step is idempotent, so that a crash
//! loses nothing. While nothing is deleted it fills in the previews of old messages.

use super::engine::SqlEngine;
use super::queries;
use super::schema::{branches, messages};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::idempotency::RETENTION;
use shared::ids::{BranchId, ChatId, KeyId, ResponseId};
use shared_store::{RunQueryDsl, Session, any_of, on};

/// Rows of one step.
const ROWS_PER_SWEEP: i64 = 200;

impl SqlEngine {
    pub(crate) async fn sweep(&self) -> Result<bool, Error> {
        let tombstones = self.store.read(|session| tombstones(session).boxed()).await?;
        let now = self.clock.now();
        if tombstones.is_empty() {
            return Ok(self.remove_tombstones(now).await?
                || self.fill_in_previews().await?
                || self.store.reclaim().await?);
        }
        self.store.write(move |session| sweep(session, tombstones, now).boxed()).await?;
        Ok(true)
    }

    /// Removes tombstones after [`RETENTION`], with their scrubbed messages.
    async fn remove_tombstones(&self, now: Timestamp) -> Result<bool, Error> {
        let due = self.store.read(move |session| due_tombstones(session, now).boxed()).await?;
        if due.is_empty() {
            return Ok(false);
        }
        self.store.write(|session| remove(session, due).boxed()).await?;
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
async fn tombstones(session: &mut Session) -> Result<Vec<Tombstone>, Error> {
    let query = branches::table
        .filter(branches::deleted_at.is_not_null().and(branches::swept_at.is_null()))
        .order((branches::deleted_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select((branches::branch_id, branches::root_chat_id, branches::deleted_at));
    Ok(on!(session, |c| query.load(c).await)?)
}

/// Takes the next step for these tombstones.
async fn sweep(session: &mut Session, tombstones: Vec<Tombstone>, now: Timestamp) -> Result<(), Error> {
    for tombstone in &tombstones {
        if tombstone.is_trunk() && tombstone_branches_of(session, tombstone).await? > 0 {
            return Ok(());
        }
    }
    let ids: Vec<_> = tombstones.iter().map(|tombstone| tombstone.branch).collect();
    if delete_or_scrub(session, &ids).await? == 0 {
        record_swept(session, &ids, now).await?;
    }
    Ok(())
}

/// Makes the branches of a deleted chat tombstones. The update of a row waits for appends and forks that lock it, so that once
/// no living branch is left, none follows.
async fn tombstone_branches_of(session: &mut Session, trunk: &Tombstone) -> Result<usize, Error> {
    let living = queries::of_chat(trunk.chat).limit(ROWS_PER_SWEEP).select(branches::branch_id);
    let living: Vec<BranchId> = on!(session, |c| living.load(c).await)?;
    if living.is_empty() {
        return Ok(0);
    }
    let update = diesel::update(branches::table.filter(any_of(branches::branch_id, living)));
    let update = update.set(branches::deleted_at.eq(trunk.deleted_at));
    Ok(on!(session, |c| update.execute(c).await)?)
}

/// Deletes some of the messages of these branches, and scrubs those with a key.
async fn delete_or_scrub(session: &mut Session, branches: &[BranchId]) -> Result<usize, Error> {
    let left = messages::table
        .filter(any_of(messages::branch_id, branches.iter().copied()).and(messages::text_bytes.gt(0)))
        .limit(ROWS_PER_SWEEP)
        .select((messages::response_id, messages::key_id));
    let left: Vec<(ResponseId, Option<KeyId>)> = on!(session, |c| left.load(c).await)?;
    let (keyed, plain): (Vec<_>, Vec<_>) = left.iter().copied().partition(|(_, key)| key.is_some());
    if !plain.is_empty() {
        delete_messages(session, plain.into_iter().map(|(id, _)| id)).await?;
    }
    if !keyed.is_empty() {
        let nothing = (
            messages::question.eq(""),
            messages::response.eq(""),
            messages::metadata.eq("{}"),
            messages::text_bytes.eq(0),
            messages::question_preview.eq(""),
            messages::response_preview.eq(""),
        );
        let keyed = any_of(messages::response_id, keyed.into_iter().map(|(id, _)| id));
        let scrub = diesel::update(messages::table.filter(keyed)).set(nothing);
        on!(session, |c| scrub.execute(c).await)?;
    }
    Ok(left.len())
}

async fn delete_messages(
    session: &mut Session,
    ids: impl IntoIterator<Item = ResponseId>,
) -> Result<(), Error> {
    let delete = diesel::delete(messages::table.filter(any_of(messages::response_id, ids)));
    on!(session, |c| delete.execute(c).await)?;
    Ok(())
}

/// Records that these tombstones have no messages left.
async fn record_swept(session: &mut Session, ids: &[BranchId], now: Timestamp) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids.iter().copied()));
    let nothing = None::<String>;
    let update = diesel::update(rows).set((
        branches::swept_at.eq(Some(now)),
        branches::name.eq(&nothing),
        branches::preview.eq(&nothing),
        branches::tags.eq("[]"),
    ));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}

async fn due_tombstones(session: &mut Session, now: Timestamp) -> Result<Vec<BranchId>, Error> {
    let until = now.minus(RETENTION);
    let due = branches::table
        .filter(branches::swept_at.is_not_null().and(branches::deleted_at.le(until)))
        .order((branches::deleted_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    Ok(on!(session, |c| due.load(c).await)?)
}

/// Removes their messages, or themselves once there are none.
async fn remove(session: &mut Session, due: Vec<BranchId>) -> Result<(), Error> {
    let scrubbed = messages::table
        .filter(any_of(messages::branch_id, due.iter().copied()))
        .limit(ROWS_PER_SWEEP)
        .select(messages::response_id);
    let scrubbed: Vec<ResponseId> = on!(session, |c| scrubbed.load(c).await)?;
    if scrubbed.is_empty() {
        let delete = diesel::delete(branches::table.filter(any_of(branches::branch_id, due)));
        on!(session, |c| delete.execute(c).await)?;
    } else {
        delete_messages(session, scrubbed).await?;
    }
    Ok(())
}
