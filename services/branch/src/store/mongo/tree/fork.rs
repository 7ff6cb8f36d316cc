//! Forking: one insert of bounded size, and then a check that the parent still lives.

use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::documents::branch::{BranchDoc, BranchState};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{
    ancestry_of, branch_with_trunk, find_by_id, nearest_living, owned_branch,
};
use crate::store::mongo::tree::transitions::{
    ABANDONED_AFTER, activate_fork, complete_fork, confirm_parent_or_roll_back, parent_and_trunk,
};
use crate::store::navigation::ancestry_reaching;
use crate::store::{BranchWithActive, ForkRequest, NewBranch};
use mongodb::bson::doc;
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId};
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        let target = self.resolve(request.owner, request.target).await?.require()?;
        origin(self, &request.in_chat(&target)).await.map(drop)
    }

    pub(crate) async fn fork(
        self: &Arc<Self>,
        request: &ForkRequest,
    ) -> Result<Created<BranchWithActive>, Error> {
        let target = self.resolve(request.owner, request.target).await?.require()?;
        let new = request.in_chat(&target);
        self.run_to_completion(async move |mongo: Arc<Self>| fork(&mongo, &new).await).await
    }

    pub(crate) async fn replay_branch(
        self: &Arc<Self>,
        key: &IdempotencyKey,
    ) -> Result<Option<BranchWithActive>, Error> {
        let key = key.clone();
        self.run_to_completion(async move |mongo: Arc<Self>| replay(&mongo, &key).await).await
    }
}

/// Where a fork begins.
#[derive(Debug, Clone, Copy)]
struct Origin {
    parent: BranchId,
    depth: i64,
    /// When the message there was stored; none for a fork before the first message.
    created_at: Option<Timestamp>,
    /// The message, if it is not marked as forked yet.
    unforked: Option<ResponseId>,
}

/// Finds the message of a fork, which must lie on the named line.
async fn origin(mongo: &MongoEngine, new: &NewBranch) -> Result<Origin, Error> {
    let Some(message) = new.from else {
        return Ok(Origin { parent: new.chat.trunk(), depth: 0, created_at: None, unforked: None });
    };
    let filter =
        doc! {"_id": message.to_string(), "chat": new.chat.to_string(), "owner": new.owner.to_string()};
    let message = mongo.messages.find_one(filter).await?.ok_or(Error::MessageNotFound)?;
    let (parent, depth) = (message.branch, message.depth);
    let unforked = Some(message.id).filter(|_| !message.may_be_forked());
    if !find_by_id(mongo, parent).await?.is_some_and(|parent| parent.alive) {
        return Err(Error::MessageNotFound);
    }
    if let Some(line) = new.line.filter(|line| *line != parent) {
        let line = ancestry_of(mongo, line).await?;
        let inherited = depth <= line.fork_depth;
        let owner = if inherited { ancestry_reaching(mongo, line, depth).await?.owner(depth) } else { None };
        if owner != Some(parent) {
            return Err(Error::MessageNotFound);
        }
    }
    Ok(Origin { parent, depth, created_at: Some(message.created_at), unforked })
}

async fn fork(mongo: &MongoEngine, new: &NewBranch) -> Result<Created<BranchWithActive>, Error> {
    let origin = origin(mongo, new).await?;
    let (parent, trunk) =
        parent_and_trunk(branch_with_trunk(mongo, new.owner, new.chat, origin.parent).await?)?;
    // Never older than its parent and its message, whatever the clock says.
    let created_at = mongo.clock.now().max(parent.created_at);
    let created_at = origin.created_at.map_or(created_at, |message| created_at.max(message));
    let parent = parent.ancestry()?;
    let skip_target = match parent.skip_target_for_child() {
        None => None,
        Some(skip_target) => Some(ancestry_of(mongo, skip_target).await?),
    };
    let ancestry =
        parent.child(new.id.unwrap_or_else(BranchId::generate), origin.depth, skip_target.as_ref());
    let ancestry = ancestry.with_fork_message(new.from);
    let mut child = BranchDoc::fork(new, &ancestry, origin.parent, created_at);
    child.due = Some(mongo.clock.now().plus(ABANDONED_AFTER).as_micros());
    child.previous_active = trunk.active.filter(|_| new.activate);
    if let Some(message) = origin.unforked {
        // Pages look for forks only of messages that are marked.
        let forked = doc! {"_id": message.to_string(), "branch": origin.parent.to_string()};
        mongo.messages.update_one(forked, doc! {"$set": {"forked": true}}).await?;
    }
    if !insert(mongo, &child).await? {
        let made = match &new.key {
            Some(key) => replay(mongo, key).await?,
            None => None,
        };
        return made.map(Created::replayed).ok_or(Error::IdTaken);
    }
    let trunk = confirm_parent_or_roll_back(mongo, &child).await?;
    if child.activate {
        activate_fork(mongo, &child, doc! {}).await?;
    }
    mongo.write_behind.record_fork(&child);
    let active =
        if child.activate { child.id } else { nearest_living(mongo, trunk.active, child.chat).await? };
    let (depth, head) = (child.fork_depth, child.head);
    Ok(Created::new(BranchWithActive { branch: child.branch(depth, head), active }))
}

/// Inserts a fork. False if its id or its key is taken.
async fn insert(mongo: &MongoEngine, child: &BranchDoc) -> Result<bool, Error> {
    let Err(error) = mongo.branches.insert_one(child).await else { return Ok(true) };
    let write_error = write_error(&error);
    if write_error == WriteError::Failed {
        return Err(error.into());
    }
    // It may be this very write, executed before the connection broke.
    let found = find_by_id(mongo, child.id).await;
    match found {
        Ok(Some(found)) if found.op == child.op => Ok(true),
        Ok(_) if write_error == WriteError::Duplicate => Ok(false),
        Ok(_) | Err(_) => Err(error.into()),
    }
}

/// The branch of an equal request, whose fork is completed first.
async fn replay(mongo: &MongoEngine, key: &IdempotencyKey) -> Result<Option<BranchWithActive>, Error> {
    let made = mongo.branches.find_one(doc! {"key_id": key.id.to_string()}).await?;
    let Some(made) = made else { return Ok(None) };
    if !made.is_made_by(key) {
        return Err(Error::KeyReused);
    }
    if made.is_in(BranchState::Forking) {
        complete_fork(mongo, &made).await?;
    }
    owned_branch(mongo, made.owner, made.id).await.map(Some)
}
