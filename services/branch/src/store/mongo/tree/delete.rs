//! Deleting: tombstones at once, the sweep does the rest.

use crate::domain::{Twig, subtree};
use crate::error::Error;
use crate::store::NewTrunk;
use crate::store::mongo::client::errors::{Refusal, refusal};
use crate::store::mongo::client::retry::Patience;
use crate::store::mongo::documents::branch::{BranchDoc, State};
use crate::store::mongo::engine::Mongo;
use crate::store::mongo::read::branches::deeper;
use crate::store::mongo::read::lookup::{find, node};
use crate::store::mongo::tree::transitions::{GRACE, mark, move_active, resolve, settle, tombstone};
use mongodb::bson::doc;
use shared::ids::{BranchId, ChatId, DeliveryId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

/// How many branches a write marks at once.
const CHUNK: usize = 500;

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
        // Again until nothing is found: a fork that comes after finds its parent gone.
        loop {
            let twigs = deeper(mongo, found.chat, found.level).await?;
            let below = subtree(doomed.iter().copied(), twigs.iter().map(Twig::from));
            for chunk in below.chunks(CHUNK) {
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
    for chunk in doomed.chunks(CHUNK) {
        move_active(mongo, found.chat, chunk, parent).await?;
    }
    Ok(())
}

/// Deletes a branch that nothing forks from.
async fn delete_leaf(mongo: &Mongo, id: BranchId) -> Result<(), Error> {
    let (op, mut patience) = (DeliveryId::generate(), Patience::new());
    loop {
        let branch = find(mongo, id).await?.ok_or(Error::BranchNotFound)?;
        match branch.state {
            _ if !branch.alive => {
                return if branch.op == Some(op) { Ok(()) } else { Err(Error::BranchNotFound) };
            }
            // Another request is at it, or was when it died. What it does can be done for it.
            Some(State::Checking) => resolve(mongo, &branch, op).await?,
            // It has yet to become the active branch, and its request the answer.
            Some(State::Forking) if branch.activate => settle(mongo, &branch).await?,
            _ => {
                if let Some(checking) = check(mongo, &branch, op).await? {
                    return finish(mongo, &checking, op).await;
                }
            }
        }
        patience.pause().await?;
    }
}

/// Begins to check a branch; `None` if something else happened to it first.
async fn check(mongo: &Mongo, branch: &BranchDoc, op: DeliveryId) -> Result<Option<BranchDoc>, Error> {
    let due = mongo.clock.now().plus(GRACE).as_micros();
    let state = branch.state.map(State::name);
    let as_seen = doc! {"_id": branch.id.to_string(), "alive": true, "state": state};
    let change = doc! {"$set": {"state": State::Checking.name(), "op": op.to_string(), "due": due}};
    let changed = mongo.branches.update_one(as_seen, change).await?;
    let checking = BranchDoc { state: Some(State::Checking), op: Some(op), ..branch.clone() };
    Ok(Some(checking).filter(|_| changed.matched_count > 0))
}

/// Looks for forks of a branch that is being checked, and deletes it or gives up.
async fn finish(mongo: &Mongo, checking: &BranchDoc, op: DeliveryId) -> Result<(), Error> {
    resolve(mongo, checking, op).await?;
    // Somebody may have done it for us, and told why it could not be.
    match find(mongo, checking.id).await? {
        Some(branch) if branch.alive => Err(Error::HasDescendants),
        Some(branch) if branch.op == Some(op) => Ok(()),
        Some(_) | None => Err(Error::BranchNotFound),
    }
}

/// Hides a chat: its trunk becomes a tombstone, also one that was never planted.
async fn delete_chat(mongo: &Mongo, owner: UserId, chat: ChatId) -> Result<(), Error> {
    let now = mongo.clock.now();
    let trunk = doc! {
        "_id": chat.to_string(), "root": chat.to_string(), "owner": owner.to_string(), "alive": true,
    };
    if mongo.branches.update_one(trunk.clone(), tombstone(now)).await?.matched_count > 0 {
        return Ok(());
    }
    let mut unplanted = BranchDoc::trunk(NewTrunk { chat, owner, created_at: now });
    unplanted.alive = false;
    unplanted.state = Some(State::Final);
    unplanted.due = Some(now.as_micros());
    unplanted.deleted_at = unplanted.due;
    match mongo.branches.insert_one(unplanted).await {
        Ok(_) => Ok(()),
        // It was deleted before, or planted meanwhile, or is no trunk of this user.
        Err(error) if refusal(&error) == Refusal::Duplicate => {
            mongo.branches.update_one(trunk, tombstone(now)).await?;
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}
