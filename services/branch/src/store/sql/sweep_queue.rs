//! The queue of the sweep: tombstones with a time at which it takes them up.

use super::engine::SqlEngine;
use super::queries;
use super::schema::branches;
use super::tombstones::{Unqueued, Unrestorable};
use crate::error::Error;
use crate::store::SweepStep;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashSet;

/// Rows of one step.
pub(super) const ROWS_PER_SWEEP: i64 = 200;

/// A tombstone that is due.
#[derive(Debug, Clone, Copy, Queryable)]
pub(super) struct Tombstone {
    pub(super) branch: BranchId,
    pub(super) chat: ChatId,
    pub(super) deleted_at: Option<Timestamp>,
    pub(super) purge_at: Option<Timestamp>,
    pub(super) sweep_at: Option<Timestamp>,
    pub(super) fork_depth: i64,
    parent: Option<BranchId>,
    stands_on: Option<BranchId>,
    pub(super) deletion: Option<OperationId>,
}

impl Tombstone {
    pub(super) fn is_trunk(&self) -> bool {
        self.branch == self.chat.trunk()
    }

    /// The parent in its ancestry: the branch that owns the message it forks from, in whichever chat.
    pub(super) fn ancestry_parent(&self) -> Option<BranchId> {
        self.stands_on.or(self.parent)
    }
}

/// The tombstones that are due first, of one chat the deepest first.
pub(super) async fn due_tombstones(session: &mut Session, now: Timestamp) -> Result<Vec<Tombstone>, Error> {
    let query = branches::table
        .filter(branches::sweep_at.le(now))
        .order((branches::sweep_at, branches::level.desc()))
        .limit(ROWS_PER_SWEEP)
        .select((
            branches::branch_id,
            branches::root_chat_id,
            branches::deleted_at,
            branches::purge_at,
            branches::sweep_at,
            branches::fork_depth,
            branches::parent_branch_id,
            branches::stands_on,
            branches::deletion_id,
        ));
    Ok(on!(session, |c| query.load(c).await)?)
}

/// Ends the time in which what these requests have deleted can be restored: a clock that is behind does not restore it any more. Waits
/// for a restoration that is under way.
pub(super) async fn end_restorability(
    session: &mut Session,
    deletions: impl IntoIterator<Item = OperationId>,
) -> Result<(), Error> {
    let named = any_of(branches::deletion_id.assume_not_null(), deletions);
    let named = branches::table.filter(named.and(branches::deleted_count.is_not_null()));
    let end = diesel::update(named)
        .set((branches::deleted_count.eq(None::<i64>), branches::active_before.eq(None::<BranchId>)));
    on!(session, |c| end.execute(c).await)?;
    Ok(())
}

/// Those of these tombstones that were not restored meanwhile.
pub(super) async fn still_due(
    session: &mut Session,
    tombstones: Vec<Tombstone>,
    now: Timestamp,
) -> Result<Vec<Tombstone>, Error> {
    let ids = tombstones.iter().map(|tombstone| tombstone.branch);
    let query = branches::table.filter(any_of(branches::branch_id, ids));
    let query = query.select((branches::branch_id, branches::sweep_at.le(now)));
    let due: Vec<(BranchId, Option<bool>)> = on!(session, |c| query.load(c).await)?;
    let due: HashSet<_> = due.into_iter().filter_map(|(id, is_due)| is_due?.then_some(id)).collect();
    Ok(tombstones.into_iter().filter(|tombstone| due.contains(&tombstone.branch)).collect())
}

/// Puts tombstones of a destroyed chat that could still be restored into the queue with its trunk.
pub(super) async fn queue_restorable_of(session: &mut Session, trunk: &Tombstone) -> Result<usize, Error> {
    let Some(at) = trunk.sweep_at else { return Ok(0) };
    let restorable = branches::table
        .filter(branches::root_chat_id.eq(trunk.chat).and(branches::sweep_at.gt(at)))
        .filter(branches::deleted_at.is_not_null().and(branches::swept_at.is_null()))
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    let restorable: Vec<BranchId> = on!(session, |c| restorable.load(c).await)?;
    if restorable.is_empty() {
        return Ok(0);
    }
    let queue = diesel::update(branches::table.filter(any_of(branches::branch_id, restorable)));
    let queue = queue.set(Unrestorable::at(at));
    Ok(on!(session, |c| queue.execute(c).await)?)
}

/// Makes branches of a deleted chat tombstones that are due with its trunk. The update of a row waits for appends and forks that
/// lock it, so that once no living branch is left, none follows.
pub(super) async fn tombstone_branches_of(session: &mut Session, trunk: &Tombstone) -> Result<usize, Error> {
    let living = queries::of_chat(trunk.chat).limit(ROWS_PER_SWEEP).select(branches::branch_id);
    let living: Vec<BranchId> = on!(session, |c| living.load(c).await)?;
    if living.is_empty() {
        return Ok(0);
    }
    let update = diesel::update(branches::table.filter(any_of(branches::branch_id, living)));
    let update = update.set((
        branches::deleted_at.eq(trunk.deleted_at),
        branches::purge_at.eq(trunk.purge_at),
        branches::sweep_at.eq(trunk.sweep_at),
    ));
    Ok(on!(session, |c| update.execute(c).await)?)
}

/// Records that these tombstones have no messages left, and takes them from the queue.
pub(super) async fn record_swept(
    session: &mut Session,
    ids: &[BranchId],
    now: Timestamp,
) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids.iter().copied()));
    let update = diesel::update(rows).set((branches::swept_at.eq(Some(now)), Unqueued::default()));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}

impl SqlEngine {
    /// Puts tombstones into the queue that an older version of the program has made.
    pub(super) async fn queue_unqueued(&self) -> Result<SweepStep, Error> {
        let found = self.store.read(|session| unqueued(session).boxed()).await?;
        if found.is_empty() {
            return Ok(SweepStep::NothingDue);
        }
        self.run_step(|session| queue(session, found).boxed()).await
    }
}

async fn unqueued(session: &mut Session) -> Result<Vec<BranchId>, Error> {
    let query = branches::table
        .filter(branches::deleted_at.is_not_null().and(branches::purge_at.is_null()))
        .order(branches::deleted_at)
        .limit(ROWS_PER_SWEEP)
        .select(branches::branch_id);
    Ok(on!(session, |c| query.load(c).await)?)
}

/// Nothing of them can be restored. Also those that the older version has swept, once more.
async fn queue(session: &mut Session, ids: Vec<BranchId>) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids));
    let update = diesel::update(rows)
        .set((branches::purge_at.eq(branches::deleted_at), branches::sweep_at.eq(branches::deleted_at)));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}
