//! The messages of tombstones that the sweep keeps: those that the lines of other branches pass through.
//!
//! A branch keeps the one that owns the message which it forks from, down to that message, until its own messages are deleted. So
//! everything goes from the leaves up: of a tombstone that something stands on, only the deeper messages are deleted. It then leaves the
//! queue, and is put back when a branch is swept that stands on it.

use super::schema::branches;
use super::sweep_queue::Tombstone;
use super::tombstones::Unqueued;
use crate::error::Error;
use diesel::dsl::{max, not};
use diesel::prelude::*;
use shared::clock::Timestamp;
use shared::ids::BranchId;
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashMap;

/// Tombstones of a step, by what stands on them.
#[derive(Debug, Default)]
pub(super) struct SweptOrKept {
    /// Those on which nothing stands but others of them.
    pub(super) unneeded: Vec<BranchId>,
    /// The others, each with the depth down to which its messages are kept.
    pub(super) kept: Vec<(BranchId, i64)>,
}

impl SweptOrKept {
    pub(super) async fn read(session: &mut Session, tombstones: &[Tombstone]) -> Result<Self, Error> {
        Ok(Self::of(tombstones, deepest_forks(session, tombstones).await?))
    }

    /// `deepest` has the deepest fork of each among the branches that are not of this step.
    fn of(tombstones: &[Tombstone], mut deepest: HashMap<BranchId, i64>) -> Self {
        let by_id: HashMap<_, _> = tombstones.iter().map(|tombstone| (tombstone.branch, tombstone)).collect();
        // A fork before the first message needs none of them.
        let kept_to = |deepest: &HashMap<BranchId, i64>, tombstone: &Tombstone| {
            let depth = deepest.get(&tombstone.branch).copied();
            depth.filter(|depth| *depth > tombstone.fork_depth)
        };
        let mut pending: Vec<_> = deepest.keys().copied().collect();
        // A branch that is kept keeps the one that it stands on.
        while let Some(id) = pending.pop() {
            let Some(tombstone) = by_id.get(&id) else { continue };
            let parent = tombstone.ancestry_parent().filter(|parent| by_id.contains_key(parent));
            let Some(parent) = parent.filter(|_| kept_to(&deepest, tombstone).is_some()) else { continue };
            if deepest.get(&parent).is_none_or(|depth| *depth < tombstone.fork_depth) {
                deepest.insert(parent, tombstone.fork_depth);
                pending.push(parent);
            }
        }
        let mut found = Self::default();
        for tombstone in tombstones {
            match kept_to(&deepest, tombstone) {
                Some(depth) => found.kept.push((tombstone.branch, depth)),
                None => found.unneeded.push(tombstone.branch),
            }
        }
        found
    }
}

/// The deepest forks of tombstones among the other branches whose messages are not deleted.
async fn deepest_forks(
    session: &mut Session,
    tombstones: &[Tombstone],
) -> Result<HashMap<BranchId, i64>, Error> {
    let ids = || tombstones.iter().map(|tombstone| tombstone.branch);
    let is_another = not(any_of(branches::branch_id, ids())).and(branches::swept_at.is_null());
    let of_other_chats = branches::table
        .filter(any_of(branches::stands_on, ids()))
        .filter(branches::stands_on.is_not_null().and(is_another.clone()))
        .group_by(branches::stands_on)
        .select((branches::stands_on.assume_not_null(), max(branches::fork_depth).assume_not_null()));
    let children = branches::table
        .filter(any_of(branches::parent_branch_id, ids()))
        .filter(branches::stands_on.is_null().and(is_another))
        .group_by(branches::parent_branch_id)
        .select((branches::parent_branch_id.assume_not_null(), max(branches::fork_depth).assume_not_null()));
    let deleted = children.clone().filter(branches::deleted_at.is_not_null());
    let living = children.filter(branches::deleted_at.is_null());
    let mut deepest = HashMap::<BranchId, i64>::new();
    let mut rows: Vec<(BranchId, i64)> = on!(session, |c| of_other_chats.load(c).await)?;
    rows.extend::<Vec<(BranchId, i64)>>(on!(session, |c| deleted.load(c).await)?);
    rows.extend::<Vec<(BranchId, i64)>>(on!(session, |c| living.load(c).await)?);
    for (parent, depth) in rows {
        let known = deepest.entry(parent).or_insert(depth);
        *known = depth.max(*known);
    }
    Ok(deepest)
}

/// Records that nothing more of these tombstones is deleted for now, and takes them from the queue.
pub(super) async fn record_kept(session: &mut Session, ids: &[BranchId]) -> Result<(), Error> {
    let rows = branches::table.filter(any_of(branches::branch_id, ids.iter().copied()));
    let update = diesel::update(rows).set(Unqueued::default());
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}

/// Puts the tombstones that these branches stand on back into the queue.
pub(super) async fn queue_ancestry_parents(
    session: &mut Session,
    swept: impl IntoIterator<Item = &Tombstone>,
    now: Timestamp,
) -> Result<(), Error> {
    let parents = swept.into_iter().filter_map(Tombstone::ancestry_parent);
    let purged = branches::table
        .filter(any_of(branches::branch_id, parents))
        .filter(branches::deleted_at.is_not_null().and(branches::swept_at.is_null()))
        .filter(branches::sweep_at.is_null().and(branches::purge_at.le(now)));
    let update = diesel::update(purged).set(branches::sweep_at.eq(Some(now)));
    on!(session, |c| update.execute(c).await)?;
    Ok(())
}
