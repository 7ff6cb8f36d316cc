//! The cascade of a deletion: the branch's descendants are deleted, and another branch becomes active.

use crate::domain::{BranchLink, subtree};
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::Id;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branches::links_deeper_than;
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::tree::tombstones::{Deletion, Undo, tombstone_all};
use crate::store::mongo::tree::transitions::move_active;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use shared::ids::{BranchId, ChatId};
use std::collections::HashSet;

/// Branches that one update makes tombstones.
pub(super) const BRANCHES_PER_UPDATE: usize = 500;

/// The branch that a deletion is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doomed {
    pub(super) id: BranchId,
    pub(super) chat: ChatId,
    pub(super) level: i64,
    pub(super) parent: BranchId,
}

/// Makes descendants tombstones until nothing is found: a fork that is inserted later finds its parent gone.
pub(super) async fn delete_descendants(
    mongo: &MongoEngine,
    doomed: Doomed,
    deletion: Deletion,
    deleted_ids: &mut HashSet<BranchId>,
) -> Result<(), Error> {
    loop {
        let links = links_deeper_than(mongo, doomed.chat, doomed.level).await?;
        let below = subtree(deleted_ids.iter().copied(), links.iter().map(BranchLink::from));
        for chunk in below.chunks(BRANCHES_PER_UPDATE) {
            tombstone_all(mongo, chunk, deletion).await?;
        }
        if below.is_empty() {
            return Ok(());
        }
        deleted_ids.extend(below);
    }
}

/// Ends a deletion: another branch becomes active, and if it can be undone, what is needed for that is noted.
pub(super) async fn settle(
    mongo: &MongoEngine,
    doomed: Doomed,
    deletion: Deletion,
    deleted_ids: &HashSet<BranchId>,
) -> Result<(), Error> {
    let Some(undo) = deletion.undo else { return move_active_off(mongo, doomed, deleted_ids).await };
    let named = under_way(doomed.id, undo);
    let active = find_by_id(mongo, doomed.chat.trunk()).await?.and_then(|trunk| trunk.active);
    if let Some(active) = active.filter(|active| deleted_ids.contains(active)) {
        // Before the active branch is another one.
        let note = doc! {"$set": {"active_before": active.to_string()}};
        mongo.branches.update_one(named.clone(), note).await?;
        move_active_off(mongo, doomed, deleted_ids).await?;
    }
    let count = i64::try_from(deleted_ids.len()).unwrap_or(i64::MAX);
    mongo.branches.update_one(named, undo.completion(doomed.chat, count)).await?;
    Ok(())
}

/// A filter for the branch that a deletion under way has named.
fn under_way(branch: BranchId, undo: Undo) -> Document {
    doc! {"_id": branch.to_string(), "undo": UndoState::Deleting.name(), "deletion": undo.id.to_string()}
}

/// Makes the parent the active branch, if a deleted one is.
pub(super) async fn move_active_off(
    mongo: &MongoEngine,
    doomed: Doomed,
    deleted_ids: &HashSet<BranchId>,
) -> Result<(), Error> {
    let deleted_ids: Vec<_> = deleted_ids.iter().copied().collect();
    for chunk in deleted_ids.chunks(BRANCHES_PER_UPDATE) {
        move_active(mongo, doomed.chat, chunk, doomed.parent).await?;
    }
    Ok(())
}

/// Finishes a deletion that another request has left under way.
pub(super) async fn finish_deletion(mongo: &MongoEngine, named: &BranchDoc) -> Result<(), Error> {
    let deletion = Deletion::of(named, mongo.clock.now());
    let Some((undo, parent)) = deletion.undo.zip(named.parent) else { return Ok(()) };
    let doomed = Doomed { id: named.id, chat: named.chat, level: named.level, parent };
    let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
    let gone = typed.find(doc! {"deletion": undo.id.to_string()}).projection(doc! {"_id": 1});
    let mut deleted_ids = gone.await?.map_ok(|branch| branch.id).try_collect().await?;
    delete_descendants(mongo, doomed, deletion, &mut deleted_ids).await?;
    settle(mongo, doomed, deletion, &deleted_ids).await
}
