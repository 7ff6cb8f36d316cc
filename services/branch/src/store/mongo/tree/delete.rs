//! Deleting: tombstones at once; the sweep does the rest.

use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use crate::store::NewTrunk;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::content::Mongo;
use crate::store::mongo::documents::branch::{BranchDoc, BranchState};
use crate::store::mongo::read::branches::links_below;
use crate::store::mongo::read::lookup::{find, node};
use crate::store::mongo::tree::transitions::{
    ABANDONED_AFTER, mark, move_active, resolve, settle, tombstone,
};
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, DeliveryId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

/// Branches that one update marks.
const BRANCHES_PER_UPDATE: usize = 500;

impl Mongo {
    pub(crate) async fn delete_branch(
        self: &Arc<Self>,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        self.to_the_end(async move |mongo: Arc<Self>| delete_branch(&mongo, owner, branch, cascade).await)
            .await
    }

    pub(crate) async fn delete_chat(self: &Arc<Self>, owner: UserId, chat: ChatId) -> Result<(), Error> {
        self.to_the_end(async move |mongo: Arc<Self>| delete_chat(&mongo, owner, chat).await).await
    }
}

async fn delete_branch(mongo: &Mongo, owner: UserId, branch: BranchId, cascade: bool) -> Result<(), Error> {
    let found = node(mongo, owner, branch).await?.branch;
    let Some(parent) = found.parent.filter(|_| !found.is_trunk()) else { return Err(Error::IsTrunk) };
    let mut doomed = HashSet::from([branch]);
    if cascade {
        if mark(mongo, &[branch]).await? == 0 {
            return Err(Error::BranchNotFound);
        }
        // Until nothing is found: a fork that is inserted later finds its parent gone.
        loop {
            let links = links_below(mongo, found.chat, found.level).await?;
            let below = subtree(doomed.iter().copied(), links.iter().map(BranchLink::from));
            for chunk in below.chunks(BRANCHES_PER_UPDATE) {
                mark(mongo, chunk).await?;
            }
            if below.is_empty() {
                break;
            }
            doomed.extend(below);
        }
    } else {
        delete_leaf(mongo, branch).await?;
    }
    let doomed: Vec<_> = doomed.into_iter().collect();
    for chunk in doomed.chunks(BRANCHES_PER_UPDATE) {
        move_active(mongo, found.chat, chunk, parent).await?;
    }
    Ok(())
}

/// Deletes a branch that has no children.
async fn delete_leaf(mongo: &Mongo, id: BranchId) -> Result<(), Error> {
    let (op, mut deadline) = (DeliveryId::generate(), RetryDeadline::new());
    loop {
        let branch = find(mongo, id).await?.ok_or(Error::BranchNotFound)?;
        match branch.state {
            _ if !branch.alive => {
                return if branch.op == Some(op) { Ok(()) } else { Err(Error::BranchNotFound) };
            }
            // Another request checks it, or has died doing so. Its check can be ended for it.
            Some(BranchState::Checking) => resolve(mongo, &branch, op).await?,
            // It has yet to become the active branch.
            Some(BranchState::Forking) if branch.activate => settle(mongo, &branch).await?,
            _ => {
                if let Some(checking) = check(mongo, &branch, op).await? {
                    return finish(mongo, &checking, op).await;
                }
            }
        }
        deadline.back_off().await?;
    }
}

/// Begins the check of a branch. `None` if another transition came first.
async fn check(mongo: &Mongo, branch: &BranchDoc, op: DeliveryId) -> Result<Option<BranchDoc>, Error> {
    let due = mongo.clock.now().plus(ABANDONED_AFTER).as_micros();
    let state = branch.state.map(BranchState::name);
    let as_seen = doc! {"_id": branch.id.to_string(), "alive": true, "state": state};
    let change = doc! {"$set": {"state": BranchState::Checking.name(), "op": op.to_string(), "due": due}};
    let changed = mongo.branches.update_one(as_seen, change).await?;
    let checking = BranchDoc { state: Some(BranchState::Checking), op: Some(op), ..branch.clone() };
    Ok(Some(checking).filter(|_| changed.matched_count > 0))
}

/// Ends the check: the branch is deleted, or has children.
async fn finish(mongo: &Mongo, checking: &BranchDoc, op: DeliveryId) -> Result<(), Error> {
    resolve(mongo, checking, op).await?;
    // Another request may have ended it.
    match find(mongo, checking.id).await? {
        Some(branch) if branch.alive => Err(Error::HasDescendants),
        Some(branch) if branch.op == Some(op) => Ok(()),
        Some(_) | None => Err(Error::BranchNotFound),
    }
}

/// Hides a chat: its trunk becomes a tombstone, also if the trunk was never created.
async fn delete_chat(mongo: &Mongo, owner: UserId, chat: ChatId) -> Result<(), Error> {
    let now = mongo.clock.now();
    let trunk = doc! {
        "_id": chat.to_string(), "root": chat.to_string(), "owner": owner.to_string(), "alive": true,
    };
    if mongo.branches.update_one(trunk.clone(), tombstone(now)).await?.matched_count > 0 {
        return Ok(());
    }
    let mut tombstoned = BranchDoc::trunk(NewTrunk { chat, owner, created_at: now });
    tombstoned.alive = false;
    tombstoned.state = Some(BranchState::Final);
    tombstoned.due = Some(now.as_micros());
    tombstoned.deleted_at = tombstoned.due;
    match mongo.branches.insert_one(tombstoned).await {
        Ok(_) => Ok(()),
        // It was deleted before, or created meanwhile, or is no trunk of this user.
        Err(error) if write_error(&error) == WriteError::Duplicate => {
            mongo.branches.update_one(trunk, tombstone(now)).await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
