//! The messages of tombstones that are kept, because lines of other chats pass through them.
//!
//! A tombstone is kept down to the deepest message at which a branch stands whose own messages are not all deleted yet: one that is alive,
//! one that can be restored, or a tombstone that is kept itself. It stays [`BranchState::Tombstone`], and is due no more, until a branch
//! that stands on it loses its messages: then it is looked at again. So what nobody reads any more is deleted from the leaves up.
//!
//! Of two replicas one may look at a tombstone while the other deletes the last that stands on it. The time at which it is due tells
//! them apart, and the second pass over the deleted one makes up for a crash.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::kept_messages::children_in_ancestry;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::BranchId;
use std::collections::{HashMap, HashSet};

/// The deepest of the messages of a branch at which others stand.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Stand {
    #[serde(rename = "_id", with = "text")]
    branch: BranchId,
    depth: i64,
}

/// The depths at which branches outside a step stand on its tombstones, if they match a filter.
async fn stands(
    mongo: &MongoEngine,
    tombstones: &[BranchDoc],
    filter: &Document,
) -> Result<HashMap<BranchId, i64>, Error> {
    let ids = texts(tombstones.iter().map(|branch| branch.id));
    let mut deepest = HashMap::<_, i64>::new();
    for (mut children, parent) in children_in_ancestry(&ids).into_iter().zip(["$stands_on", "$parent"]) {
        children.insert("_id", doc! {"$nin": &ids});
        children.extend(filter.clone());
        let grouped =
            [doc! {"$match": children}, doc! {"$group": {"_id": parent, "depth": {"$max": "$fork_depth"}}}];
        let found = mongo.branches.aggregate(grouped).with_type::<Stand>();
        for Stand { branch, depth } in found.await?.try_collect::<Vec<_>>().await? {
            let known = deepest.entry(branch).or_default();
            *known = depth.max(*known);
        }
    }
    Ok(deepest)
}

/// The depths down to which the tombstones of a step are kept.
#[derive(Debug)]
pub(super) struct KeptDepths(HashMap<BranchId, i64>);

impl KeptDepths {
    pub(super) async fn read(mongo: &MongoEngine, tombstones: &[BranchDoc]) -> Result<Self, Error> {
        let done = [BranchState::FirstPassDone.name(), BranchState::SecondPassDone.name()];
        let mut kept = Self(stands(mongo, tombstones, &doc! {"state": {"$nin": &done[..]}}).await?);
        loop {
            let raised = tombstones.iter().filter(|branch| kept.raise_parent(branch));
            if raised.count() == 0 {
                return Ok(kept);
            }
        }
    }

    /// Keeps the parent of a branch of the step, if the branch is kept. False if nothing changes by that.
    fn raise_parent(&mut self, branch: &BranchDoc) -> bool {
        let Some(parent) = branch.ancestry_parent().filter(|_| self.has(branch)) else { return false };
        let known = self.0.entry(parent).or_default();
        let is_raised = *known < branch.fork_depth;
        *known = branch.fork_depth.max(*known);
        is_raised
    }

    /// The depth of the last of its messages that is kept; its fork depth if none is.
    pub(super) fn last(&self, branch: &BranchDoc) -> i64 {
        self.0.get(&branch.id).copied().unwrap_or_default().max(branch.fork_depth)
    }

    /// Whether messages of it are kept.
    pub(super) fn has(&self, branch: &BranchDoc) -> bool {
        self.last(branch) > branch.fork_depth
    }
}

/// Takes a tombstone off the queue, as the messages down to this depth are kept: unless it was put there anew.
pub(super) async fn keep(mongo: &MongoEngine, tombstone: &BranchDoc, last: i64) -> Result<(), Error> {
    let as_seen = doc! {
        "_id": tombstone.id.to_string(), "state": BranchState::Tombstone.name(), "due": tombstone.due,
    };
    let change = doc! {
        "$set": {"head_depth": last},
        "$unset": {
            "due": "", "head": "", "head_time": "", "name": "", "preview": "", "tags": "", "cleared_to": "",
            "kept_to": "",
        },
    };
    mongo.branches.update_one(as_seen, change).await?;
    Ok(())
}

/// Puts the tombstones on which these stood into the queue. These have no messages any more.
pub(super) async fn queue_ancestry_parents(
    mongo: &MongoEngine,
    deleted: impl IntoIterator<Item = &BranchDoc>,
    now: Timestamp,
) -> Result<(), Error> {
    let parents: HashSet<_> = deleted.into_iter().filter_map(BranchDoc::ancestry_parent).collect();
    if parents.is_empty() {
        return Ok(());
    }
    let kept = doc! {"_id": {"$in": texts(parents)}, "alive": false, "state": BranchState::Tombstone.name()};
    mongo.branches.update_many(kept, doc! {"$set": {"due": now.as_micros()}}).await?;
    Ok(())
}

/// Those of these tombstones that the ancestry of another branch still names, which must be removed before.
pub(super) async fn named_by_others(
    mongo: &MongoEngine,
    tombstones: &[BranchDoc],
) -> Result<HashSet<BranchId>, Error> {
    let mut named: HashSet<_> = stands(mongo, tombstones, &doc! {}).await?.into_keys().collect();
    loop {
        let parents = tombstones.iter().filter(|branch| named.contains(&branch.id));
        let parents: Vec<_> = parents.filter_map(BranchDoc::ancestry_parent).collect();
        let before = named.len();
        named.extend(parents);
        if named.len() == before {
            return Ok(named);
        }
    }
}
