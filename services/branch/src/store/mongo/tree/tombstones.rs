//! The updates that make branches tombstones, for a while or for good, and bring them back.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, OperationId};
use shared::undo_window::UndoWindow;

/// A deletion: when it was, and until when it can be undone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deletion {
    deleted_at: Timestamp,
    /// None if it is for good.
    pub(crate) undo: Option<Undo>,
}

/// The part of a deletion that lets it be undone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undo {
    purge_at: Timestamp,
    /// The same on all that the request takes.
    pub(crate) id: OperationId,
}

impl Deletion {
    /// A deletion that can be undone within the window.
    pub(crate) fn new(now: Timestamp, window: UndoWindow, id: OperationId) -> Self {
        let undo = window.purge_at(now).map(|purge_at| Undo { purge_at, id });
        Self { deleted_at: now, undo }
    }

    pub(crate) const fn for_good(now: Timestamp) -> Self {
        Self { deleted_at: now, undo: None }
    }

    /// The deletion that has made this tombstone; for good if it cannot be undone.
    pub(crate) fn of(tombstone: &BranchDoc, now: Timestamp) -> Self {
        let time = |micros: Option<i64>| micros.and_then(Timestamp::from_micros);
        let purge_at = time(tombstone.purge_at).filter(|_| !tombstone.alive && tombstone.undo.is_some());
        let undo = purge_at.zip(tombstone.deletion).map(|(purge_at, id)| Undo { purge_at, id });
        Self { deleted_at: time(tombstone.deleted_at).unwrap_or(now), undo }
    }

    /// The update that makes a branch a tombstone that goes along.
    pub(crate) fn update(&self) -> Document {
        if let Some(undo) = self.undo {
            return undo.update(self.deleted_at, UndoState::Deleted, undo.purge_at);
        }
        let now = self.deleted_at.as_micros();
        let mut unset = undo_fields();
        unset.extend(doc! {"activate": "", "over": ""});
        let state = BranchState::Tombstone.name();
        let set = doc! {"alive": false, "state": state, "due": now, "deleted_at": now, "changed_at": now};
        doc! {"$set": set, "$unset": unset}
    }

    /// The update of the branch that the request names: until all others are deleted, too, it is one that is under way.
    /// The sweep ends it then.
    pub(crate) fn update_of_named(&self, abandoned_at: Timestamp) -> Document {
        let under_way = |undo: Undo| undo.update(self.deleted_at, UndoState::Deleting, abandoned_at);
        self.undo.map_or_else(|| self.update(), under_way)
    }
}

impl Undo {
    fn update(self, deleted_at: Timestamp, state: UndoState, due: Timestamp) -> Document {
        doc! {
            "$set": {
                "alive": false, "deleted_at": deleted_at.as_micros(), "changed_at": deleted_at.as_micros(),
                "purge_at": self.purge_at.as_micros(),
                "deletion": self.id.to_string(), "undo": state.name(), "undo_due": due.as_micros(),
            },
            "$unset": {
                "state": "", "due": "", "activate": "", "over": "", "deleted_count": "", "deletion_chat": "",
                "active_before": "",
            },
        }
    }

    /// The update that ends a deletion under way, which took so many branches of this chat. `deletion_chat` is there for the index of
    /// deletions, which has the branches that requests have named and no others.
    pub(crate) fn completion(self, chat: ChatId, count: i64) -> Document {
        let (state, due) = (UndoState::Deleted.name(), self.purge_at.as_micros());
        doc! {
            "$set": {"undo": state, "undo_due": due, "deleted_count": count, "deletion_chat": chat.to_string()},
        }
    }
}

/// The fields of a deletion that can be undone, to unset them.
fn undo_fields() -> Document {
    doc! {
        "undo": "", "undo_due": "", "purge_at": "", "deletion": "", "deleted_count": "", "deletion_chat": "",
        "active_before": "",
    }
}

/// The update of a tombstone that can be restored no longer: it is one that the sweep takes up at once.
pub(crate) fn purge_update(now: Timestamp) -> Document {
    doc! {"$set": {"state": BranchState::Tombstone.name(), "due": now.as_micros()}, "$unset": undo_fields()}
}

/// The update that brings a tombstone back.
pub(crate) fn restoring_update(now: Timestamp) -> Document {
    let mut unset = undo_fields();
    unset.insert("deleted_at", "");
    doc! {"$set": {"alive": true, "changed_at": now.as_micros()}, "$unset": unset}
}

/// Those of these tombstones that can be restored.
pub(crate) fn restorable(branches: &[BranchId]) -> Document {
    let states = [UndoState::Deleting.name(), UndoState::Deleted.name()];
    doc! {"_id": {"$in": texts(branches)}, "undo": {"$in": Vec::from(states)}}
}

/// Makes the living ones of these branches tombstones, and what is about to be restored with them. Returns how many there were.
pub(crate) async fn tombstone_all(
    mongo: &MongoEngine,
    branches: &[BranchId],
    deletion: Deletion,
) -> Result<u64, Error> {
    take_along_restorations(mongo, branches, deletion).await?;
    let living = doc! {"_id": {"$in": texts(branches)}, "alive": true};
    Ok(mongo.branches.update_many(living, deletion.update()).await?.matched_count)
}

/// Makes what would be restored with one of these branches a tombstone of this deletion: the restoration counts as done.
pub(crate) async fn take_along_restorations(
    mongo: &MongoEngine,
    branches: &[BranchId],
    deletion: Deletion,
) -> Result<(), Error> {
    let restoring = doc! {"_id": {"$in": texts(branches)}, "undo": UndoState::Restoring.name()};
    let restoring: Vec<BranchDoc> = mongo.branches.find(restoring).await?.try_collect().await?;
    for earlier in restoring.iter().filter_map(|branch| branch.deletion) {
        let left = doc! {"deletion": earlier.to_string(), "undo": UndoState::Deleted.name()};
        mongo.branches.update_many(left, deletion.update()).await?;
    }
    Ok(())
}
