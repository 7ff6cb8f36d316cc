//! Deleting: tombstones at once; the sweep does the rest when they can be restored no longer.

use crate::error::Error;
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{find_by_id, owned_branch};
use crate::store::mongo::tree::cascade::{Doomed, delete_descendants, settle};
use crate::store::mongo::tree::restore::finish_restoration;
use crate::store::mongo::tree::tombstones::{Deletion, take_along_restorations};
use crate::store::mongo::tree::transitions::{ABANDONED_AFTER, complete_fork, resolve_deletion_check};
use mongodb::bson::doc;
use shared::ids::{BranchId, OperationId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn delete_branch(
        self: &Arc<Self>,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| {
            delete_branch(&mongo, owner, branch, cascade).await
        })
        .await
    }
}

async fn delete_branch(
    mongo: &MongoEngine,
    owner: UserId,
    branch: BranchId,
    cascade: bool,
) -> Result<(), Error> {
    let found = owned_branch(mongo, owner, branch).await?.branch;
    let Some(parent) = found.parent.filter(|_| !found.is_trunk()) else { return Err(Error::IsTrunk) };
    let doomed = Doomed { id: branch, chat: found.chat, level: found.level, parent };
    let op = OperationId::generate();
    let deletion = Deletion::new(mongo.clock.now(), mongo.undo_window, op);
    let mut deleted_ids = HashSet::from([branch]);
    if cascade {
        delete_named(mongo, branch, deletion).await?;
        delete_descendants(mongo, doomed, deletion, &mut deleted_ids).await?;
    } else {
        delete_leaf(mongo, branch, op, deletion).await?;
    }
    settle(mongo, doomed, deletion, &deleted_ids).await
}

/// Makes the branch that a request names a tombstone.
pub(super) async fn delete_named(
    mongo: &MongoEngine,
    branch: BranchId,
    deletion: Deletion,
) -> Result<(), Error> {
    take_along_restorations(mongo, &[branch], deletion).await?;
    let living = doc! {"_id": branch.to_string(), "alive": true};
    let change = deletion.update_of_named(mongo.clock.now().plus(ABANDONED_AFTER));
    if mongo.branches.update_one(living, change).await?.matched_count == 0 {
        return Err(Error::BranchNotFound);
    }
    Ok(())
}

/// Deletes a branch that has no children.
pub(super) async fn delete_leaf(
    mongo: &MongoEngine,
    id: BranchId,
    op: OperationId,
    deletion: Deletion,
) -> Result<(), Error> {
    let mut deadline = RetryDeadline::new();
    loop {
        let branch = find_by_id(mongo, id).await?.ok_or(Error::BranchNotFound)?;
        match branch.state {
            _ if !branch.alive => {
                return if branch.op == Some(op) { Ok(()) } else { Err(Error::BranchNotFound) };
            }
            // Its children may be among those that went along.
            _ if branch.undo == Some(UndoState::Restoring) => finish_restoration(mongo, &branch).await?,
            // Another request checks it, or has died doing so. Its check can be resolved for it.
            Some(BranchState::Checking) => resolve_deletion_check(mongo, &branch, op, deletion).await?,
            // It has yet to become the active branch.
            Some(BranchState::Forking) if branch.activate => complete_fork(mongo, &branch).await?,
            _ => {
                if let Some(checking) = begin_deletion_check(mongo, &branch, op).await? {
                    return finish_deletion_check(mongo, &checking, op, deletion).await;
                }
            }
        }
        deadline.back_off().await?;
    }
}

/// Begins the deletion check of a branch. `None` if another transition came first.
async fn begin_deletion_check(
    mongo: &MongoEngine,
    branch: &BranchDoc,
    op: OperationId,
) -> Result<Option<BranchDoc>, Error> {
    let due = mongo.clock.now().plus(ABANDONED_AFTER).as_micros();
    let state = branch.state.map(BranchState::name);
    let as_seen = doc! {"_id": branch.id.to_string(), "alive": true, "state": state};
    let change = doc! {"$set": {"state": BranchState::Checking.name(), "op": op.to_string(), "due": due}};
    let changed = mongo.branches.update_one(as_seen, change).await?;
    let checking = BranchDoc { state: Some(BranchState::Checking), op: Some(op), ..branch.clone() };
    Ok(Some(checking).filter(|_| changed.matched_count > 0))
}

/// Ends a deletion check: the branch is deleted, or has children.
async fn finish_deletion_check(
    mongo: &MongoEngine,
    checking: &BranchDoc,
    op: OperationId,
    deletion: Deletion,
) -> Result<(), Error> {
    resolve_deletion_check(mongo, checking, op, deletion).await?;
    // Another request may have ended it.
    match find_by_id(mongo, checking.id).await? {
        Some(branch) if branch.alive => Err(Error::HasDescendants),
        Some(branch) if branch.op == Some(op) => Ok(()),
        Some(_) | None => Err(Error::BranchNotFound),
    }
}
