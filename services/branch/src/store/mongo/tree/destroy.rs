//! Deleting for good: a branch, what is below it, and what was deleted there before.

use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branches::{links_deeper_than, restorable_links_deeper_than};
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::tree::cascade::{BRANCHES_PER_UPDATE, Doomed, move_active_off};
use crate::store::mongo::tree::delete::{delete_leaf, delete_named};
use crate::store::mongo::tree::tombstones::{Deletion, purge_update, restorable, tombstone_all};
use shared::clock::Timestamp;
use shared::ids::{BranchId, OperationId, UserId};
use std::collections::HashSet;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn destroy_branch(
        self: &Arc<Self>,
        owner: UserId,
        branch: BranchId,
        cascade: bool,
    ) -> Result<(), Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| destroy(&mongo, owner, branch, cascade).await)
            .await
    }
}

async fn destroy(mongo: &MongoEngine, owner: UserId, id: BranchId, cascade: bool) -> Result<(), Error> {
    let found = find_by_id(mongo, id).await?.filter(|found| found.owner == owner);
    let found = found.ok_or(Error::BranchNotFound)?;
    let trunk = find_by_id(mongo, found.chat.trunk()).await?;
    if !trunk.is_some_and(|trunk| trunk.alive) {
        return Err(Error::BranchNotFound);
    }
    let Some(parent) = found.parent.filter(|_| !found.is_trunk()) else { return Err(Error::IsTrunk) };
    let doomed = Doomed { id, chat: found.chat, level: found.level, parent };
    let now = mongo.clock.now();
    if !found.alive {
        purge_named(mongo, id, found.is_restorable(now)).await?;
    } else if cascade {
        delete_named(mongo, id, Deletion::for_good(now)).await?;
    } else {
        delete_leaf(mongo, id, OperationId::generate(), Deletion::for_good(now)).await?;
    }
    let deleted_ids = destroy_below(mongo, doomed, now).await?;
    move_active_off(mongo, doomed, &deleted_ids).await
}

/// Ends the time in which a tombstone can be restored.
async fn purge_named(mongo: &MongoEngine, id: BranchId, is_restorable: bool) -> Result<(), Error> {
    let purged = if is_restorable {
        let change = purge_update(mongo.clock.now());
        mongo.branches.update_many(restorable(&[id]), change).await?.matched_count
    } else {
        0
    };
    if purged == 0 { Err(Error::BranchNotFound) } else { Ok(()) }
}

/// Destroys what is below a destroyed branch, until nothing is found. Returns all of them. The sweep would do it as well, but later.
async fn destroy_below(
    mongo: &MongoEngine,
    doomed: Doomed,
    now: Timestamp,
) -> Result<HashSet<BranchId>, Error> {
    let mut destroyed = HashSet::from([doomed.id]);
    loop {
        let living = links_deeper_than(mongo, doomed.chat, doomed.level).await?;
        let restorable_ones = restorable_links_deeper_than(mongo, doomed.chat, doomed.level).await?;
        let mut links: Vec<_> = living.into_iter().chain(restorable_ones).collect();
        links.sort_by_key(|link| link.level);
        let below = subtree(destroyed.iter().copied(), links.iter().map(BranchLink::from));
        for chunk in below.chunks(BRANCHES_PER_UPDATE) {
            tombstone_all(mongo, chunk, Deletion::for_good(now)).await?;
            mongo.branches.update_many(restorable(chunk), purge_update(now)).await?;
        }
        if below.is_empty() {
            return Ok(destroyed);
        }
        destroyed.extend(below);
    }
}
