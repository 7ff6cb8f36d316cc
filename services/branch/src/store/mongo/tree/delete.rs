//! Deleting: tombstones at once; the sweep does the rest.

use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use crate::store::NewTrunk;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branches::links_deeper_than;
use crate::store::mongo::read::lookup::{find_by_id, owned_branch};
use crate::store::mongo::tree::transitions::{
    ABANDONED_AFTER, complete_fork, move_active, resolve_deletion_check, tombstone_all, tombstone_update,
};
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, OperationId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

/// Branches that one update makes tombstones.
const BRANCHES_PER_UPDATE: usize = 500;

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

    pub(crate) async fn delete_chat(self: &Arc<Self>, owner: UserId, chat: ChatId) -> Result<(), Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| delete_chat(&mongo, owner, chat).await).await
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
    let mut deleted_ids = HashSet::from([branch]);
    if cascade {
        if tombstone_all(mongo, &[branch]).await? == 0 {
            return Err(Error::BranchNotFound);
        }
        // Until nothing is found: a fork that is inserted later finds its parent gone.
        loop {
            let links = links_deeper_than(mongo, found.chat, found.level).await?;
            let below = subtree(deleted_ids.iter().copied(), links.iter().map(BranchLink::from));
            for chunk in below.chunks(BRANCHES_PER_UPDATE) {
                tombstone_all(mongo, chunk).await?;
            }
            if below.is_empty() {
                break;
            }
            deleted_ids.extend(below);
        }
    } else {
        delete_leaf(mongo, branch).await?;
    }
    let deleted_ids: Vec<_> = deleted_ids.into_iter().collect();
    for chunk in deleted_ids.chunks(BRANCHES_PER_UPDATE) {
        move_active(mongo, found.chat, chunk, parent).await?;
    }
    Ok(())
}

/// Deletes a branch that has no children.
async fn delete_leaf(mongo: &MongoEngine, id: BranchId) -> Result<(), Error> {
    let (op, mut deadline) = (OperationId::generate(), RetryDeadline::new());
    loop {
        let branch = find_by_id(mongo, id).await?.ok_or(Error::BranchNotFound)?;
        match branch.state {
            _ if !branch.alive => {
                return if branch.op == Some(op) { Ok(()) } else { Err(Error::BranchNotFound) };
            }
            // Another request checks it, or has died doing so. Its check can be resolved for it.
            Some(BranchState::Checking) => resolve_deletion_check(mongo, &branch, op).await?,
            // It has yet to become the active branch.
            Some(BranchState::Forking) if branch.activate => complete_fork(mongo, &branch).await?,
            _ => {
                if let Some(checking) = begin_deletion_check(mongo, &branch, op).await? {
                    return finish_deletion_check(mongo, &checking, op).await;
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
) -> Result<(), Error> {
    resolve_deletion_check(mongo, checking, op).await?;
    // Another request may have ended it.
    match find_by_id(mongo, checking.id).await? {
        Some(branch) if branch.alive => Err(Error::HasDescendants),
        Some(branch) if branch.op == Some(op) => Ok(()),
        Some(_) | None => Err(Error::BranchNotFound),
    }
}

/// Hides a chat: its trunk becomes a tombstone, also if the trunk was never created.
async fn delete_chat(mongo: &MongoEngine, owner: UserId, chat: ChatId) -> Result<(), Error> {
    let now = mongo.clock.now();
    let trunk = doc! {
        "_id": chat.to_string(), "root": chat.to_string(), "owner": owner.to_string(), "alive": true,
    };
    if mongo.branches.update_one(trunk.clone(), tombstone_update(now)).await?.matched_count > 0 {
        return Ok(());
    }
    let mut tombstoned = BranchDoc::trunk(NewTrunk { chat, owner, created_at: now });
    tombstoned.alive = false;
    tombstoned.state = Some(BranchState::Tombstone);
    tombstoned.due = Some(now.as_micros());
    tombstoned.deleted_at = tombstoned.due;
    match mongo.branches.insert_one(tombstoned).await {
        Ok(_) => Ok(()),
        // It was deleted before, or created meanwhile, or is no trunk of this user.
        Err(error) if write_error(&error) == WriteError::Duplicate => {
            mongo.branches.update_one(trunk, tombstone_update(now)).await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
