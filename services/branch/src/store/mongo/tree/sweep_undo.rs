//! The part of the sweep that is about what can be restored: it finishes abandoned deletions and restorations, and ends the time in
//! which tombstones can be restored. Those whose time is not over are never read here.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::tree::cascade::finish_deletion;
use crate::store::mongo::tree::restore::finish_restoration;
use crate::store::mongo::tree::tombstones::{purge_update, restorable};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::clock::Timestamp;
use std::collections::HashSet;

/// Takes the next step for at most so many branches. False if none is due.
pub(super) async fn settle_due_undo(mongo: &MongoEngine, now: Timestamp, count: i64) -> Result<bool, Error> {
    // A restoration goes along with a deletion of the parent that is under way.
    for state in [UndoState::Deleting, UndoState::Restoring, UndoState::Deleted] {
        let due = doc! {"undo": state.name(), "undo_due": {"$gt": 0_i64, "$lte": now.as_micros()}};
        let due = mongo.branches.find(due).sort(doc! {"undo_due": 1, "level": -1}).limit(count);
        let due: Vec<BranchDoc> = due.await?.try_collect().await?;
        if due.is_empty() {
            continue;
        }
        match state {
            UndoState::Deleting => {
                for named in &due {
                    finish_deletion(mongo, named).await?;
                }
            }
            UndoState::Restoring => {
                for named in &due {
                    finish_restoration(mongo, named).await?;
                }
            }
            UndoState::Deleted => purge(mongo, &due, now).await?,
        }
        return Ok(true);
    }
    Ok(false)
}

/// Ends the time in which these tombstones can be restored. The branches that the requests have named come first: from then on a clock
/// that is behind restores nothing any more. A restoration that has begun before is finished.
async fn purge(mongo: &MongoEngine, due: &[BranchDoc], now: Timestamp) -> Result<(), Error> {
    let deletions: HashSet<_> = due.iter().filter_map(|branch| branch.deletion).collect();
    let deletions = texts(deletions);
    let named = doc! {
        "deletion": {"$in": &deletions}, "undo": UndoState::Deleted.name(), "deleted_count": {"$gt": 0_i64},
    };
    mongo.branches.update_many(named, purge_update(now)).await?;
    let restoring = doc! {"deletion": {"$in": &deletions}, "undo": UndoState::Restoring.name()};
    let restoring: Vec<BranchDoc> = mongo.branches.find(restoring).await?.try_collect().await?;
    for branch in &restoring {
        finish_restoration(mongo, branch).await?;
    }
    let ids: Vec<_> = due.iter().map(|branch| branch.id).collect();
    mongo.branches.update_many(restorable(&ids), purge_update(now)).await?;
    Ok(())
}
