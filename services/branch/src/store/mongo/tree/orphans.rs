//! Messages whose branch was to be inserted after them, and is overdue (`fork_messages` draws their way).

use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::tree::transitions::complete_fork;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::{HashMap, HashSet};

/// The part of a message that the sweep of orphans needs.
#[derive(Debug, Clone, Copy, Deserialize)]
struct DueMessage {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    #[serde(with = "text")]
    chat: ChatId,
    #[serde(with = "text")]
    owner: UserId,
}

/// Takes up to so many messages that are due: those whose branch is there are due no longer, and the others are deleted. False if
/// none is due.
pub(super) async fn settle_due_messages(
    mongo: &MongoEngine,
    now: Timestamp,
    count: i64,
) -> Result<bool, Error> {
    let typed = mongo.messages.clone_with_type::<DueMessage>();
    let due = typed.find(doc! {"due": {"$lte": now.as_micros()}}).limit(count);
    let due = due.projection(doc! {"_id": 1, "branch": 1, "chat": 1, "owner": 1});
    let due: Vec<DueMessage> = due.await?.try_collect().await?;
    if due.is_empty() {
        return Ok(false);
    }
    let branches = mongo.branch_loader.load_many(due.iter().map(|message| message.branch).collect()).await?;
    let (mut settled, mut aborted) = (HashSet::new(), HashSet::new());
    let one_of_each: HashMap<_, _> = due.iter().map(|message| (message.branch, message)).collect();
    for (id, message) in one_of_each {
        match branches.get(&id) {
            Some(branch) if branch.aborted => _ = aborted.insert(id),
            Some(branch) => {
                complete(mongo, branch).await?;
                settled.insert(id);
            }
            None if abort(mongo, message, now).await? => _ = aborted.insert(id),
            // It was inserted meanwhile: the next step sees it.
            None => {}
        }
    }
    if let Some(settled) = of_branches(&due, &settled) {
        mongo.messages.update_many(settled, doc! {"$unset": {"due": ""}}).await?;
    }
    if let Some(aborted) = of_branches(&due, &aborted) {
        mongo.messages.delete_many(aborted).await?;
    }
    Ok(true)
}

/// Completes a fork that is under way, lest it be rolled back once its messages are due no longer.
async fn complete(mongo: &MongoEngine, branch: &BranchDoc) -> Result<(), Error> {
    if !branch.alive || !branch.is_in(BranchState::Forking) {
        return Ok(());
    }
    match complete_fork(mongo, branch).await {
        Ok(()) | Err(Error::MessageNotFound | Error::BranchNotFound | Error::ChatNotFound) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Puts a tombstone in the place of the branch of a message. False if the branch is there.
async fn abort(mongo: &MongoEngine, message: &DueMessage, now: Timestamp) -> Result<bool, Error> {
    let tombstone = BranchDoc::aborted(message.branch, message.chat, message.owner, now);
    match mongo.branches.insert_one(tombstone).await {
        Ok(_) => Ok(true),
        Err(error) if write_error(&error) == WriteError::Duplicate => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A filter for those of these messages that are of these branches.
fn of_branches(messages: &[DueMessage], branches: &HashSet<BranchId>) -> Option<Document> {
    let ids = texts(messages.iter().filter(|one| branches.contains(&one.branch)).map(|one| one.id));
    (!ids.is_empty()).then(|| doc! {"_id": {"$in": ids}, "branch": {"$in": texts(branches)}})
}
