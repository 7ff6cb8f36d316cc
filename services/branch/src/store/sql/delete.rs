//! Deleting a branch: tombstones at once; the sweep does the rest when they can be restored no longer.

use super::engine::SqlEngine;
use super::lookup::owned_branch;
use super::queries;
use super::schema::branches;
use super::tombstones::{Tombstoned, lock_trunk};
use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use diesel::prelude::*;

use futures_util::FutureExt as _;
use shared::ids::{BranchId, ChatId, UserId};
use shared_store::{RunQueryDsl, Session, any_of, on};
use std::collections::HashSet;

/// Rows that one statement makes tombstones.
pub(super) const ROWS_PER_STATEMENT: usize = 500;

impl SqlEngine {
    pub(crate) async fn delete_branch(
        &self,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        let found = self.store.read(move |session| owned_branch(session, owner, branch).boxed());
        let branch = found.await?.branch;
        let Some(parent) = branch.parent.filter(|_| !branch.is_trunk()) else { return Err(Error::IsTrunk) };
        let doomed = Doomed { id: branch.id, chat: branch.chat, level: branch.level, parent, cascade };
        let mark = Tombstoned::new(self.clock.now(), self.undo_window);
        let rows = [branch.chat.trunk(), branch.id];
        self.write(rows, move |session| delete(session, doomed, mark).boxed()).await
    }
}

/// A branch to delete.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doomed {
    pub(super) id: BranchId,
    pub(super) chat: ChatId,
    pub(super) level: i64,
    pub(super) parent: BranchId,
    /// Whether its descendants are deleted with it; else it is only deleted if it has none.
    pub(super) cascade: bool,
}

async fn delete(session: &mut Session, doomed: Doomed, mark: Tombstoned) -> Result<(), Error> {
    // Locks the trunk's row first, then the branch's, so that no fork of it is under way.
    let active = lock_trunk(session, doomed.chat).await?;
    let deleted_ids = tombstone_branch(session, doomed, mark).await?;
    let active_before = move_active(session, doomed, active, &deleted_ids).await?;
    if mark.deletion_id.is_some() {
        let count = i64::try_from(deleted_ids.len()).unwrap_or(i64::MAX);
        let named = diesel::update(branches::table.find(doomed.id))
            .set((branches::deleted_count.eq(Some(count)), branches::active_before.eq(active_before)));
        on!(session, |c| named.execute(c).await)?;
    }
    Ok(())
}

/// Makes a branch a tombstone, with `cascade` its descendants, too. Returns all of them.
pub(super) async fn tombstone_branch(
    session: &mut Session,
    doomed: Doomed,
    mark: Tombstoned,
) -> Result<HashSet<BranchId>, Error> {
    let living = branches::table.find(doomed.id).filter(branches::deleted_at.is_null());
    let named = diesel::update(living).set(mark);
    if on!(session, |c| named.execute(c).await)? == 0 {
        return Err(Error::BranchNotFound);
    }
    let child: Option<BranchId> = on!(session, |c| queries::children(doomed.id).first(c).await.optional())?;
    if child.is_some() && !doomed.cascade {
        return Err(Error::HasDescendants);
    }
    let mut deleted_ids = HashSet::from([doomed.id]);
    if child.is_some() {
        tombstone_descendants(session, doomed, mark, &mut deleted_ids).await?;
    }
    Ok(deleted_ids)
}

/// Makes tombstones until nothing is found: a fork may have been under way until its parent's row was marked.
async fn tombstone_descendants(
    session: &mut Session,
    doomed: Doomed,
    mark: Tombstoned,
    deleted_ids: &mut HashSet<BranchId>,
) -> Result<(), Error> {
    loop {
        let links = queries::of_chat(doomed.chat)
            .filter(branches::level.gt(doomed.level))
            .select((branches::branch_id, branches::parent_branch_id));
        let links: Vec<(BranchId, Option<BranchId>)> = on!(session, |c| links.load(c).await)?;
        let links = links.into_iter().map(|(branch, parent)| BranchLink { branch, parent });
        let below = subtree(deleted_ids.iter().copied(), links);
        if below.is_empty() {
            return Ok(());
        }
        for chunk in below.chunks(ROWS_PER_STATEMENT) {
            let rows = branches::table.filter(any_of(branches::branch_id, chunk.iter().copied()));
            on!(session, |c| diesel::update(rows).set(mark).execute(c).await)?;
        }
        deleted_ids.extend(below);
    }
}

/// Makes the parent of a deleted branch the active one, if one that went with it is. Returns the one that was.
pub(super) async fn move_active(
    session: &mut Session,
    doomed: Doomed,
    active: Option<BranchId>,
    deleted_ids: &HashSet<BranchId>,
) -> Result<Option<BranchId>, Error> {
    let moved = active.filter(|active| deleted_ids.contains(active));
    if moved.is_some() {
        let trunk = branches::table.find(doomed.chat.trunk());
        let activate = diesel::update(trunk).set(branches::active_branch_id.eq(Some(doomed.parent)));
        on!(session, |c| activate.execute(c).await)?;
    }
    Ok(moved)
}
