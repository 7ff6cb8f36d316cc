//! Restoring what a request has deleted: the branch that it has named first, which says until the end that the restoration is under way.
//! Whoever finds it so can finish it: each step can be repeated, and none goes back. If the parent is deleted meanwhile, what is
//! restored goes along with it.

use crate::error::Error;
use crate::store::BranchWithActive;
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{find_by_id, owned_branch};
use crate::store::mongo::tree::cascade::{Doomed, delete_descendants, finish_deletion, move_active_off};
use crate::store::mongo::tree::tombstones::{Deletion, restoring_update};
use crate::store::mongo::tree::transitions::ABANDONED_AFTER;
use mongodb::bson::{Document, doc};
use shared::ids::{BranchId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn restore_branch(
        self: &Arc<Self>,
        owner: UserId,
        branch: BranchId,
    ) -> Result<BranchWithActive, Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| restore(&mongo, owner, branch).await).await
    }
}

async fn restore(mongo: &MongoEngine, owner: UserId, id: BranchId) -> Result<BranchWithActive, Error> {
    let mut deadline = RetryDeadline::new();
    loop {
        let found = find_by_id(mongo, id).await?.ok_or(Error::TargetUnknown)?;
        let is_his = found.owner == owner && is_alive(mongo, &found, found.chat.trunk()).await?;
        let found = Some(found).filter(|_| is_his).ok_or(Error::BranchNotFound)?;
        match found.undo {
            Some(UndoState::Restoring) if found.alive => finish_restoration(mongo, &found).await?,
            _ if found.alive => {}
            Some(UndoState::Deleting) => {
                finish_deletion(mongo, &found).await?;
                continue;
            }
            _ => {
                confirm_restorable(mongo, &found).await?;
                if !begin_restoration(mongo, &found).await? {
                    deadline.back_off().await?;
                    continue;
                }
                finish_restoration(mongo, &found).await?;
            }
        }
        // It may have been deleted with its parent meanwhile.
        return owned_branch(mongo, owner, id).await.map_err(|error| match error {
            Error::BranchNotFound => Error::ParentDeleted,
            other => other,
        });
    }
}

async fn is_alive(mongo: &MongoEngine, of: &BranchDoc, branch: BranchId) -> Result<bool, Error> {
    let found = if of.id == branch { Some(of.clone()) } else { find_by_id(mongo, branch).await? };
    Ok(found.is_some_and(|found| found.alive && found.chat == of.chat))
}

/// [`Error::BranchNotFound`] if a tombstone can be restored no longer; [`Error::ParentDeleted`] if its parent has to come first.
async fn confirm_restorable(mongo: &MongoEngine, tombstone: &BranchDoc) -> Result<(), Error> {
    let parent = tombstone.parent.filter(|_| tombstone.is_restorable(mongo.clock.now()));
    let parent = parent.ok_or(Error::BranchNotFound)?;
    if tombstone.deleted_count.is_none() || !is_alive(mongo, tombstone, parent).await? {
        return Err(Error::ParentDeleted);
    }
    Ok(())
}

/// Begins a restoration. False if another transition came first.
async fn begin_restoration(mongo: &MongoEngine, tombstone: &BranchDoc) -> Result<bool, Error> {
    let due = mongo.clock.now().plus(ABANDONED_AFTER).as_micros();
    let change = doc! {
        "$set": {"alive": true, "undo": UndoState::Restoring.name(), "undo_due": due}, "$unset": {"deleted_at": ""},
    };
    let begun = mongo.branches.update_one(named(tombstone, UndoState::Deleted), change).await?;
    Ok(begun.matched_count > 0)
}

/// A filter for the branch that a deletion has named, in this state.
fn named(branch: &BranchDoc, state: UndoState) -> Document {
    let deletion = branch.deletion.map(|deletion| deletion.to_string());
    doc! {"_id": branch.id.to_string(), "undo": state.name(), "deletion": deletion}
}

/// Finishes a restoration that has begun, whoever began it.
pub(super) async fn finish_restoration(mongo: &MongoEngine, branch: &BranchDoc) -> Result<(), Error> {
    let (Some(parent), Some(deletion)) = (branch.parent, branch.deletion) else { return Ok(()) };
    let along = doc! {"deletion": deletion.to_string(), "undo": UndoState::Deleted.name()};
    mongo.branches.update_many(along, restoring_update(mongo.clock.now())).await?;
    if let Some(active) = branch.active_before {
        let trunk = doc! {"_id": branch.chat.to_string(), "active": parent.to_string()};
        mongo.branches.update_one(trunk, doc! {"$set": {"active": active.to_string()}}).await?;
    }
    let parent_doc = find_by_id(mongo, parent).await?;
    // With a chat that is deleted for a while, nothing else is.
    if !parent_doc.as_ref().is_some_and(|parent| parent.alive || parent.is_trunk() && parent.undo.is_some()) {
        delete_with_parent(mongo, branch, parent, parent_doc).await?;
    }
    mongo
        .branches
        .update_one(named(branch, UndoState::Restoring), restoring_update(mongo.clock.now()))
        .await?;
    Ok(())
}

/// Deletes what is being restored with the parent that was deleted meanwhile.
async fn delete_with_parent(
    mongo: &MongoEngine,
    branch: &BranchDoc,
    parent: BranchId,
    parent_doc: Option<BranchDoc>,
) -> Result<(), Error> {
    let now = mongo.clock.now();
    let deletion = parent_doc.map_or(Deletion::for_good(now), |parent| Deletion::of(&parent, now));
    let doomed = Doomed { id: branch.id, chat: branch.chat, level: branch.level, parent };
    let mut deleted_ids = HashSet::from([branch.id]);
    delete_descendants(mongo, doomed, deletion, &mut deleted_ids).await?;
    mongo.branches.update_one(named(branch, UndoState::Restoring), deletion.update()).await?;
    // Branches that were forked from it until then.
    delete_descendants(mongo, doomed, deletion, &mut deleted_ids).await?;
    move_active_off(mongo, doomed, &deleted_ids).await
}
