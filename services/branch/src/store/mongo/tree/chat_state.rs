//! The state of a chat, as the chat service wants it: the state of its trunk.

use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::undo_state::UndoState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::tree::tombstones::{Deletion, purge_update, restoring_update};
use crate::store::{ChatState, ChatStateChange, LAST_CHANGE, NewTrunk};
use mongodb::bson::{Document, doc};
use shared::clock::Timestamp;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn set_chat_state(self: &Arc<Self>, change: ChatStateChange) -> Result<(), Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| set(&mongo, change).await).await
    }
}

async fn set(mongo: &MongoEngine, change: ChatStateChange) -> Result<(), Error> {
    let now = mongo.clock.now();
    if update(mongo, change, now).await? {
        return Ok(());
    }
    match mongo.branches.insert_one(new_trunk(change, now)).await {
        Ok(_) => Ok(()),
        // It was changed before, or created meanwhile, or is no trunk of this user.
        Err(error) if write_error(&error) == WriteError::Duplicate => {
            update(mongo, change, now).await.map(drop)
        }
        Err(error) => Err(error.into()),
    }
}

/// Updates the trunk, if it is there and the last change of its state has a lower number. False if not.
async fn update(mongo: &MongoEngine, change: ChatStateChange, now: Timestamp) -> Result<bool, Error> {
    let number = match change.state {
        ChatState::Alive | ChatState::Deleted { .. } => change.number,
        ChatState::Destroyed => LAST_CHANGE,
    };
    let (of_living, of_restorable) = match change.state {
        ChatState::Alive => (doc! {}, restoring_update(now)),
        ChatState::Deleted { purge_at } => (hiding_update(now, purge_at), hiding_update(now, purge_at)),
        ChatState::Destroyed => (Deletion::for_good(now).update(), purge_update(now)),
    };
    let living = doc! {"alive": true};
    let restorable = doc! {"alive": false, "undo": UndoState::Deleted.name()};
    for (state, mut update) in [(living, of_living), (restorable, of_restorable)] {
        let mut filter = doc! {
            // A trunk is alone on its level. By `root`, a server may read all branches of the chat.
            "_id": change.chat.to_string(), "level": 0_i64, "owner": change.owner.to_string(),
            "$or": [{"chat_state_number": null}, {"chat_state_number": {"$lt": change.number}}],
        };
        filter.extend(state);
        match update.get_document_mut("$set") {
            Ok(set) => drop(set.insert("chat_state_number", number)),
            Err(_) => drop(update.insert("$set", doc! {"chat_state_number": number})),
        }
        if mongo.branches.update_one(filter, update).await?.matched_count > 0 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The update that hides a chat. The sweep has nothing to do with it: the chat service says when it is destroyed.
fn hiding_update(now: Timestamp, purge_at: Timestamp) -> Document {
    doc! {
        "$set": {
            "alive": false, "undo": UndoState::Deleted.name(),
            "deleted_at": now.as_micros(), "purge_at": purge_at.as_micros(),
        },
        "$unset": {"undo_due": ""},
    }
}

/// A trunk that is not known yet, in this state.
fn new_trunk(change: ChatStateChange, now: Timestamp) -> BranchDoc {
    let ChatStateChange { chat, owner, created_at, state, number } = change;
    let mut trunk = BranchDoc::trunk(NewTrunk { chat, owner, created_at });
    trunk.chat_state_number = Some(number);
    let now = Some(now.as_micros());
    match state {
        ChatState::Alive => {}
        ChatState::Deleted { purge_at } => {
            (trunk.alive, trunk.undo) = (false, Some(UndoState::Deleted));
            (trunk.deleted_at, trunk.purge_at) = (now, Some(purge_at.as_micros()));
        }
        ChatState::Destroyed => {
            (trunk.alive, trunk.state) = (false, Some(BranchState::Tombstone));
            (trunk.due, trunk.deleted_at, trunk.chat_state_number) = (now, now, Some(LAST_CHANGE));
        }
    }
    trunk
}
