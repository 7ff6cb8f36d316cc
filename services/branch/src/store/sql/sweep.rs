//! The sweep: deletes what is behind tombstones, in steps so small that nobody waits.
//!
//! The messages of a tombstone that is due are deleted; those with an idempotency key are only scrubbed, because the key must answer
//! for a day. Then the tombstone itself is removed, and at last the space is reclaimed. Every step is idempotent, so that a crash
//! loses nothing. While nothing is deleted it fills in the previews of old messages.

use super::engine::SqlEngine;
use super::kept::{SweptOrKept, queue_ancestry_parents, record_kept};
use super::schema::{ABOVE, branches, messages};
use super::sweep_queue::{
    ROWS_PER_SWEEP, due_tombstones, end_restorability, queue_restorable_of, record_swept, still_due,
    tombstone_branches_of,
};
use crate::error::Error;
use crate::store::SweepStep;
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use shared::clock::Timestamp;
use shared::ids::{BranchId, KeyId, ResponseId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashSet;

impl SqlEngine {
    pub(crate) async fn sweep(&self) -> Result<SweepStep, Error> {
        let now = self.clock.now();
        let tombstones = self.store.read(move |session| due_tombstones(session, now).boxed()).await?;
        if !tombstones.is_empty() {
            return self.run_step(move |session| sweep(session, now).boxed()).await;
        }
        let mut step = self.queue_unqueued().await?;
        if step == SweepStep::NothingDue {
            step = self.remove_tombstones(now).await?;
        }
        if step == SweepStep::NothingDue {
            step = self.fill_in_previews().await?;
        }
        if step == SweepStep::NothingDue && self.store.reclaim().await? {
            step = SweepStep::Taken;
        }
        Ok(step)
    }

    /// Runs a step in a transaction, unless another replica does.
    pub(super) async fn run_step(
        &self,
        step: impl for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, Result<(), Error>> + Send + 'static,
    ) -> Result<SweepStep, Error> {
        let taken = self.store.write_exclusively(step).await?;
        Ok(taken.map_or(SweepStep::TakenElsewhere, |()| SweepStep::Taken))
    }

    /// Removes tombstones with their scrubbed messages, once their ids and keys are free again.
    async fn remove_tombstones(&self, now: Timestamp) -> Result<SweepStep, Error> {
        let until = now.minus(self.undo_window.retention());
        let old = self.store.read(move |session| swept_before(session, until).boxed()).await?;
        if old.is_empty() {
            return Ok(SweepStep::NothingDue);
        }
        self.run_step(move |session| remove(session, until).boxed()).await
    }
}

/// Takes the next step for the tombstones that are due.
async fn sweep(session: &mut Session, now: Timestamp) -> Result<(), Error> {
    // Again: another replica may have taken a step meanwhile.
    let tombstones = due_tombstones(session, now).await?;
    for trunk in tombstones.iter().filter(|tombstone| tombstone.is_trunk()) {
        if tombstone_branches_of(session, trunk).await? + queue_restorable_of(session, trunk).await? > 0 {
            return Ok(());
        }
    }
    let deletions: HashSet<_> = tombstones.iter().filter_map(|tombstone| tombstone.deletion).collect();
    let tombstones = if deletions.is_empty() {
        tombstones
    } else {
        end_restorability(session, deletions).await?;
        still_due(session, tombstones, now).await?
    };
    let SweptOrKept { unneeded, kept } = SweptOrKept::read(session, &tombstones).await?;
    let mut is_done = delete_or_scrub(session, &unneeded, 0).await? == 0;
    if is_done {
        record_swept(session, &unneeded, now).await?;
        let swept: HashSet<_> = unneeded.into_iter().collect();
        let swept = tombstones.iter().filter(|tombstone| swept.contains(&tombstone.branch));
        queue_ancestry_parents(session, swept, now).await?;
    }
    for (branch, depth) in &kept {
        is_done = is_done && delete_or_scrub(session, &[*branch], *depth).await? == 0;
    }
    if is_done {
        let kept: Vec<_> = kept.into_iter().map(|(branch, _)| branch).collect();
        record_kept(session, &kept).await?;
    }
    Ok(())
}

/// Deletes some of the messages of these branches below a depth, and scrubs those with a key.
async fn delete_or_scrub(session: &mut Session, branches: &[BranchId], depth: i64) -> Result<usize, Error> {
    let left = messages::table
        .filter(any_of(messages::branch_id, branches.iter().copied()))
        .filter(messages::depth.gt(depth).and(messages::text_bytes.gt(0)))
        .limit(ROWS_PER_SWEEP)
        .select((messages::response_id, messages::key_id));
    let left: Vec<(ResponseId, Option<KeyId>)> = on!(session, |c| left.load(c).await)?;
    let (keyed, plain): (Vec<_>, Vec<_>) = left.iter().copied().partition(|(_, key)| key.is_some());
    if !plain.is_empty() {
        delete_messages(session, plain.into_iter().map(|(id, _)| id)).await?;
    }
    if !keyed.is_empty() {
        scrub(session, keyed.into_iter().map(|(id, _)| id)).await?;
    }
    Ok(left.len())
}

async fn scrub(session: &mut Session, ids: impl IntoIterator<Item = ResponseId>) -> Result<(), Error> {
    let nothing = (
        messages::question.eq(""),
        messages::response.eq(""),
        messages::metadata.eq("{}"),
        messages::text_bytes.eq(0),
        messages::question_preview.eq(""),
        messages::response_preview.eq(""),
        messages::generation.eq(None::<&str>),
        messages::input_items.eq(None::<&str>),
        messages::output_items.eq(None::<&str>),
    );
    let scrub = diesel::update(messages::table.filter(any_of(messages::response_id, ids))).set(nothing);
    on!(session, |c| scrub.execute(c).await)?;
    Ok(())
}

async fn delete_messages(
    session: &mut Session,
    ids: impl IntoIterator<Item = ResponseId>,
) -> Result<(), Error> {
    let delete = diesel::delete(messages::table.filter(any_of(messages::response_id, ids)));
    on!(session, |c| delete.execute(c).await)?;
    Ok(())
}

/// Tombstones that were swept, and that the ancestry of no branch with messages names any more.
async fn swept_before(session: &mut Session, until: Timestamp) -> Result<Vec<BranchId>, Error> {
    let children = || ABOVE.filter(ABOVE.field(branches::swept_at).is_null());
    // Each in the condition of an index. Nothing living is below a tombstone that was swept, but in other chats.
    let in_chat = children()
        .filter(ABOVE.field(branches::parent_branch_id).eq(branches::branch_id.nullable()))
        .filter(ABOVE.field(branches::deleted_at).is_not_null());
    let in_others = children()
        .filter(ABOVE.field(branches::stands_on).eq(branches::branch_id.nullable()))
        .filter(ABOVE.field(branches::stands_on).is_not_null());
    let old = branches::table
        .filter(branches::swept_at.is_not_null().and(branches::deleted_at.le(until)))
        .filter(not(exists(in_chat)).and(not(exists(in_others))))
        .order((branches::deleted_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    Ok(on!(session, |c| old.load(c).await)?)
}

/// Removes the messages of such tombstones, or themselves once there are none.
async fn remove(session: &mut Session, until: Timestamp) -> Result<(), Error> {
    // Again: an id that another replica has removed may be taken anew.
    let old = swept_before(session, until).await?;
    let scrubbed = messages::table
        .filter(any_of(messages::branch_id, old.iter().copied()))
        .limit(ROWS_PER_SWEEP)
        .select(messages::response_id);
    let scrubbed: Vec<ResponseId> = on!(session, |c| scrubbed.load(c).await)?;
    if scrubbed.is_empty() {
        let delete = diesel::delete(branches::table.filter(any_of(branches::branch_id, old)));
        on!(session, |c| delete.execute(c).await)?;
    } else {
        delete_messages(session, scrubbed).await?;
    }
    Ok(())
}
