//! The transitions of a branch's state: each is one conditional write of one document, so that of two processes only one
//! makes it.
//!
//! ```text
//!      fork inserted                             trunk created
//!           |                                          |
//!           v     complete_fork, activate_fork         v
//!      [ forking ] -------------------------------> (no state) <-------------------.
//!           |                                       |    |                         |
//!           |                 begin_deletion_check  |    | cascade, chat or parent | cancel_deletion_check:
//!           |                                       v    | deleted                 | something forks from it
//!           |                             [ checking ] --|-------------------------'
//!           |                                    |       |
//!           | roll_back_fork:                    |       |
//!           | parent or trunk gone               |       |
//!           |     resolve_deletion_check: a leaf |       |
//!           |                                    v       v
//!           |                                   (deleted)
//!           |             for good             |         | for a while: the field `undo`, drawn below
//!           v                                  |         v
//!      [ final ] <-----------------------------'---- purge: the window is over, or destroyed     BranchState::Tombstone
//!           | sweep, first pass: orphans become tombstones, messages are deleted, those with a key scrubbed
//!           v
//!     [ cleared ]                                               BranchState::FirstPassDone
//!           | sweep, an hour later: what raced with the first pass
//!           v
//!      [ swept ]                                                BranchState::SecondPassDone
//!           | sweep, a day after the deletion, or the undo window if that is longer
//!           v
//!       removed
//!
//!      named by a request                        gone along with it
//!           | delete_named, resolve_deletion_check      | tombstone_all
//!           v                                           v
//!     [ deleting ] --- settle: all went along ---> [ deleted ] --- purge ---> [ final ]
//!                                                   ^   |   |
//!         parent deleted meanwhile:                 |   |   | gone along: finish_restoration
//!         delete_with_parent, with that             |   |   '------------------------------> alive, at rest
//!                           .-----------------------'   | named: begin_restoration                   ^
//!                           |                           v                                            |
//!                           '---------------------- [ restoring ] --- finish_restoration: all are back
//! ```
//!
//! The names in brackets are those that are stored. `tombstone_all` takes a branch from every state in which it is alive. A state
//! that its request has left for [`ABANDONED_AFTER`] is ended by the sweep, or by whichever request needs it ended.

use crate::error::Error;
use crate::store::mongo::client::update_command::{StatementOrder, statement, update};
use crate::store::mongo::documents::branch::{BranchDoc, fork_completion};
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{Id, texts};
use crate::store::mongo::documents::message::due_messages;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{BranchWithTrunk, branch_with_trunk, find_by_id, nearest_living};
use crate::store::mongo::tree::tombstones::Deletion;
use mongodb::bson::{Document, doc};
use shared::ids::{BranchId, ChatId, OperationId};
use std::time::Duration;

/// How long a request may take to end what it began, before it counts as abandoned.
pub(crate) const ABANDONED_AFTER: Duration = Duration::from_secs(10);

/// Completes a fork that another request has left under way. That request may have died long ago: the fork becomes the active
/// branch only if the active branch is still the one of then, or its living ancestor, lest a later choice be lost.
pub(crate) async fn complete_fork(mongo: &MongoEngine, child: &BranchDoc) -> Result<(), Error> {
    // That of an answer is completed before it is answered.
    let is_hidden = child.answer_line.is_none() && is_of_hidden_chat(mongo, child).await?;
    if !is_hidden {
        confirm_parent_or_roll_back(mongo, child).await?;
    }
    if child.activate && !is_hidden {
        let heir = nearest_living(mongo, child.previous_active, child.chat).await?;
        let before = texts(child.previous_active.into_iter().chain([heir]));
        activate_fork(mongo, child, doc! {"active": {"$in": before}}).await?;
    } else {
        let (filter, change) = fork_completion(child.id, child.op);
        mongo.branches.update_one(filter, change).await?;
    }
    mongo.write_behind.record_fork(child);
    Ok(())
}

/// Whether the chat of a fork is deleted for a while, and nothing else is gone: the fork may have been answered, and comes back with it.
async fn is_of_hidden_chat(mongo: &MongoEngine, child: &BranchDoc) -> Result<bool, Error> {
    let trunk = find_by_id(mongo, child.chat.trunk()).await?.filter(|trunk| !trunk.alive);
    let Some(trunk) = trunk.filter(|trunk| trunk.undo.is_some()) else { return Ok(false) };
    let parent = child.parent.filter(|parent| *parent != trunk.id);
    let Some(parent) = parent else { return Ok(true) };
    Ok(find_by_id(mongo, parent).await?.is_some_and(|parent| parent.alive))
}

/// Confirms that the parent of a fork lives, and cancels a deletion check of it. If the parent or the trunk is gone, or the line of
/// an answer, the fork is rolled back. For the trunk of a fork of a chat: what it stands on.
pub(crate) async fn confirm_parent_or_roll_back(mongo: &MongoEngine, child: &BranchDoc) -> Result<(), Error> {
    if let Some(source) = child.source {
        return confirm_source_or_roll_back(mongo, child, source).await;
    }
    if let Some(line) = child.answer_line {
        let line = branch_with_trunk(mongo, child.owner, child.chat, line).await?;
        if let Err(gone) = line.require_both() {
            roll_back_fork(mongo, child).await?;
            return Err(gone);
        }
    }
    let parent = child.parent.unwrap_or(child.chat.trunk());
    loop {
        let parent = match parent_if_alive(branch_with_trunk(mongo, child.owner, child.chat, parent).await?) {
            Ok(parent) => parent,
            Err(gone) => {
                roll_back_fork(mongo, child).await?;
                return Err(gone);
            }
        };
        if !parent.is_in(BranchState::Checking) {
            return Ok(());
        }
        // A deletion checks whether anything forks from it. This fork does.
        cancel_deletion_check(mongo, &parent).await?;
    }
}

/// Confirms that the source of a fork of a chat lives, and the branch that it stands on, if that is one of the source: the others are
/// kept as long as the source is there, and from the insert of the fork on for that. A deletion check of the branch goes on, as a fork of a chat
/// is none of its children.
async fn confirm_source_or_roll_back(
    mongo: &MongoEngine,
    child: &BranchDoc,
    source: ChatId,
) -> Result<(), Error> {
    let owner = child.stands_on.unwrap_or(source.trunk());
    let found = mongo.branch_loader.load_many([source.trunk(), owner].into()).await?;
    let is_alive = |id: BranchId| found.get(&id).is_some_and(|branch| branch.alive);
    let is_of_source = found.get(&owner).is_some_and(|owner| owner.chat == source);
    let gone = if !is_alive(source.trunk()) {
        Error::ChatNotFound
    } else if !found.contains_key(&owner) || (is_of_source && !is_alive(owner)) {
        Error::MessageNotFound
    } else {
        return Ok(());
    };
    roll_back_fork(mongo, child).await?;
    Err(gone)
}

/// Makes a fork the active branch, if its trunk matches the filter, and completes the fork. It comes before the answer: a retry
/// must not activate it again, over a later choice.
pub(crate) async fn activate_fork(
    mongo: &MongoEngine,
    child: &BranchDoc,
    mut trunk: Document,
) -> Result<(), Error> {
    trunk.extend(doc! {"_id": child.chat.to_string(), "alive": true});
    let now = mongo.clock.now().as_micros();
    let activation = statement(trunk, doc! {"$set": {"active": child.id.to_string(), "changed_at": now}});
    let (filter, change) = fork_completion(child.id, child.op);
    // In this order: the sweep activates a fork that is not completed.
    let statements = Vec::from([activation, statement(filter, change)]);
    let updated = update(&mongo.database, "branches", statements, StatementOrder::Ordered).await?;
    updated.into_result()
}

/// Makes a fork a tombstone, because somebody may have appended to it already, and frees its idempotency key.
pub(crate) async fn roll_back_fork(mongo: &MongoEngine, child: &BranchDoc) -> Result<(), Error> {
    let mut change = Deletion::for_good(mongo.clock.now()).update();
    if let Ok(unset) = change.get_document_mut("$unset") {
        unset.extend(doc! {"key_id": "", "request_hash": ""});
    }
    // The filter has no state: a cascade may have marked it already.
    let op = child.op.map(|op| op.to_string());
    mongo.branches.update_one(doc! {"_id": child.id.to_string(), "op": op}, change).await?;
    if child.has_messages() {
        // With their key.
        mongo.messages.delete_many(due_messages(child)).await?;
    }
    Ok(())
}

/// The parent of a fork, or the error that says whether it or the trunk is gone.
fn parent_if_alive(parent: BranchWithTrunk) -> Result<BranchDoc, Error> {
    if parent.trunk.is_none() {
        return Err(Error::ChatNotFound);
    }
    parent.branch.ok_or(Error::MessageNotFound)
}

/// Resolves the deletion check of a branch, whoever began it: if nothing forks from it, the branch becomes a tombstone of
/// the operation `by`; else the check is cancelled.
pub(crate) async fn resolve_deletion_check(
    mongo: &MongoEngine,
    checking: &BranchDoc,
    by: OperationId,
    deletion: Deletion,
) -> Result<(), Error> {
    if has_children(mongo, checking.id).await? {
        return cancel_deletion_check(mongo, checking).await;
    }
    let mut change = deletion.update_of_named(mongo.clock.now().plus(ABANDONED_AFTER));
    if let Ok(set) = change.get_document_mut("$set") {
        set.insert("op", by.to_string());
    }
    mongo.branches.update_one(in_state(checking, BranchState::Checking), change).await?;
    Ok(())
}

async fn has_children(mongo: &MongoEngine, branch: BranchId) -> Result<bool, Error> {
    let children = doc! {"parent": branch.to_string(), "alive": true};
    let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
    let child = typed.find_one(children);
    Ok(child.projection(doc! {"_id": 1}).await?.is_some_and(|child| child.id != branch))
}

/// Cancels the deletion check of a branch that has children: it stays.
pub(crate) async fn cancel_deletion_check(mongo: &MongoEngine, parent: &BranchDoc) -> Result<(), Error> {
    let change = doc! {"$unset": {"state": "", "due": "", "op": ""}};
    mongo.branches.update_one(in_state(parent, BranchState::Checking), change).await?;
    Ok(())
}

/// Makes `to` the active branch, if one of `from` is. Readers follow tombstones to a living ancestor, but not once the
/// tombstones are removed.
pub(crate) async fn move_active(
    mongo: &MongoEngine,
    chat: ChatId,
    from: &[BranchId],
    to: BranchId,
) -> Result<(), Error> {
    let trunk = doc! {"_id": chat.to_string(), "active": {"$in": texts(from)}};
    let now = mongo.clock.now().as_micros();
    let change = doc! {"$set": {"active": to.to_string(), "changed_at": now}};
    mongo.branches.update_one(trunk, change).await?;
    Ok(())
}

/// A filter for a branch that is still in this state by the same operation.
pub(crate) fn in_state(branch: &BranchDoc, state: BranchState) -> Document {
    let op = branch.op.map(|op| op.to_string());
    doc! {"_id": branch.id.to_string(), "state": state.name(), "op": op}
}
