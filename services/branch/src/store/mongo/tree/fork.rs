//! Forking: one insert of bounded size, and then a check that the parent still lives.

use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::documents::branch::{BranchDoc, BranchState};
use crate::store::mongo::documents::fields::{micros, text};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::{find_by_id, find_by_ids, nearest_living, owned_branch};
use crate::store::mongo::tree::transitions::{
    ABANDONED_AFTER, activate_fork, complete_fork, confirm_parent_or_roll_back,
};
use crate::store::navigation::{AncestryReader as _, ancestry_reaching};
use crate::store::{BranchWithActive, ForkRequest, NewBranch};
use mongodb::bson::doc;
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId};
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        let new = request.in_chat(&*self.resolve(request.owner, request.target).await?.require()?);
        let named = NamedByRequest::read(self, &new).await?;
        origin(self, &new, &named).await.map(drop)
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

/// The part of a message that a fork of it needs.
#[derive(Debug, Clone, Copy, Deserialize)]
struct ForkedMessage {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    depth: i64,
    #[serde(with = "micros")]
    created_at: Timestamp,
    #[serde(default)]
    forked: Option<bool>,
}

/// The first read of a fork: its message, and the branches that the request names.
#[derive(Debug)]
struct NamedByRequest {
    /// None for a fork before the first message.
    message: Option<ForkedMessage>,
    /// The trunk and the line, as far as they exist.
    branches: Vec<BranchDoc>,
}

impl NamedByRequest {
    async fn read(mongo: &MongoEngine, new: &NewBranch) -> Result<Self, Error> {
        let branches = find_by_ids(mongo, new.line.into_iter().chain([new.chat.trunk()]).collect());
        let (message, branches) = futures_util::try_join!(find_message(mongo, new), branches)?;
        Ok(Self { message, branches })
    }

    fn branch(&self, id: BranchId) -> Option<&BranchDoc> {
        self.branches.iter().find(|branch| branch.id == id)
    }
}

async fn find_message(mongo: &MongoEngine, new: &NewBranch) -> Result<Option<ForkedMessage>, Error> {
    let Some(message) = new.from else { return Ok(None) };
    let filter =
        doc! {"_id": message.to_string(), "chat": new.chat.to_string(), "owner": new.owner.to_string()};
    let typed = mongo.messages.clone_with_type::<ForkedMessage>();
    let fields = doc! {"_id": 1, "branch": 1, "depth": 1, "created_at": 1, "forked": 1};
    typed.find_one(filter).projection(fields).await?.map(Some).ok_or(Error::MessageNotFound)
}

/// Where a fork begins.
#[derive(Debug)]
struct Origin {
    parent: BranchDoc,
    trunk: BranchDoc,
    depth: i64,
    /// Not before its parent and its message, whatever the clock says.
    earliest: Timestamp,
}

/// Finds the parent of a fork: the branch of its message, which must lie on the named line.
async fn origin(mongo: &MongoEngine, new: &NewBranch, named: &NamedByRequest) -> Result<Origin, Error> {
    let (trunk, depth) = (new.chat.trunk(), named.message.map_or(0, |message| message.depth));
    let parent = named.message.map_or(trunk, |message| message.branch);
    let parent = match named.branch(parent) {
        Some(parent) => Some(parent.clone()),
        None => find_by_id(mongo, parent).await?,
    };
    if new.from.is_some() && !parent.as_ref().is_some_and(|parent| parent.alive) {
        return Err(Error::MessageNotFound);
    }
    if let (Some(line), Some(parent)) = (new.line, &parent)
        && new.from.is_some()
        && line != parent.id
    {
        let line = named.branch(line).ok_or(Error::BranchNotFound)?.ancestry()?;
        let inherited = depth <= line.fork_depth;
        let owner = if inherited { ancestry_reaching(mongo, line, depth).await?.owner(depth) } else { None };
        if owner != Some(parent.id) {
            return Err(Error::MessageNotFound);
        }
    }
    let is_visible = |one: &BranchDoc| one.alive && one.owner == new.owner && one.chat == new.chat;
    let trunk = named.branch(trunk).filter(|trunk| is_visible(trunk)).ok_or(Error::ChatNotFound)?.clone();
    let parent = parent.filter(is_visible).ok_or(Error::MessageNotFound)?;
    let message_time = named.message.map_or(parent.created_at, |message| message.created_at);
    Ok(Origin { earliest: message_time.max(parent.created_at), parent, trunk, depth })
}

/// Marks a message as forked: pages look for forks only of messages that are marked. Also if the fork is refused then, as
/// a mark says only that there may be forks.
async fn mark_as_forked(mongo: &MongoEngine, message: Option<ForkedMessage>) -> Result<(), Error> {
    let unmarked = message.filter(|message| message.forked == Some(false));
    let Some(message) = unmarked else { return Ok(()) };
    let message = doc! {"_id": message.id.to_string(), "branch": message.branch.to_string()};
    mongo.messages.update_one(message, doc! {"$set": {"forked": true}}).await?;
    Ok(())
}

/// The document of a fork.
async fn child(mongo: &MongoEngine, new: &NewBranch, origin: &Origin) -> Result<BranchDoc, Error> {
    let parent = origin.parent.ancestry()?;
    let skip_target = match parent.skip_target_for_child() {
        None => None,
        Some(skip_target) => Some(mongo.read_ancestry(skip_target).await?),
    };
    let id = new.id.unwrap_or_else(BranchId::generate);
    let ancestry = parent.child(id, origin.depth, skip_target.as_ref()).with_fork_message(new.from);
    let now = mongo.clock.now();
    let mut child = BranchDoc::fork(new, &ancestry, origin.parent.id, now.max(origin.earliest));
    child.due = Some(now.plus(ABANDONED_AFTER).as_micros());
    child.previous_active = origin.trunk.active.filter(|_| new.activate);
    Ok(child)
}

async fn fork(mongo: &MongoEngine, new: &NewBranch) -> Result<Created<BranchWithActive>, Error> {
    let named = NamedByRequest::read(mongo, new).await?;
    let (origin, marked) =
        futures_util::join!(origin(mongo, new, &named), mark_as_forked(mongo, named.message));
    let origin = origin?;
    marked?;
    let child = child(mongo, new, &origin).await?;
    if !insert(mongo, &child).await? {
        let made = match &new.key {
            Some(key) => replay(mongo, key).await?,
            None => None,
        };
        return made.map(Created::replayed).ok_or(Error::IdTaken);
    }
    let (confirmed, active) = futures_util::join!(
        confirm_parent_or_roll_back(mongo, &child),
        active_after_fork(mongo, &child, &origin.trunk)
    );
    confirmed?;
    if child.activate {
        activate_fork(mongo, &child, doc! {}).await?;
    }
    mongo.write_behind.record_fork(&child);
    let (depth, head, active) = (child.fork_depth, child.head, active?);
    Ok(Created::new(BranchWithActive { branch: child.branch(depth, head), active }))
}

/// The active branch of the chat once the fork is there.
async fn active_after_fork(
    mongo: &MongoEngine,
    child: &BranchDoc,
    trunk: &BranchDoc,
) -> Result<BranchId, Error> {
    if child.activate { Ok(child.id) } else { nearest_living(mongo, trunk.active, child.chat).await }
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
