//! Forking: one insert of bounded size, and then a check that the parent still lives.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::client::errors::{FailedWrite, WriteError, broken};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::{BranchDoc, fork_completion};
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::forked_message::ForkedMessage;
use crate::store::mongo::read::lookup::{ancestry_of, find_by_id, owned_branch};
use crate::store::mongo::read::reading_chat::inherits;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::tree::fork_batches::ForkMark;
use crate::store::mongo::tree::transitions::{
    ABANDONED_AFTER, activate_fork, complete_fork, confirm_parent_or_roll_back,
};
use crate::store::navigation::owner_of_inherited;
use crate::store::{BranchWithActive, ForkRequest};
use mongodb::bson::{doc, serialize_to_raw_document_buf};
use shared::clock::Timestamp;
use shared::idempotency::{Created, IdempotencyKey};
use shared::ids::{BranchId, ResponseId};
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn check_fork(&self, request: &ForkRequest) -> Result<(), Error> {
        let named = NamedByRequest::read(self, request).await?;
        origin(self, &named).await.map(drop)
    }

    pub(crate) async fn fork(
        self: &Arc<Self>,
        request: &ForkRequest,
    ) -> Result<Created<BranchWithActive>, Error> {
        let request = request.clone();
        self.run_to_completion(async move |mongo: Arc<Self>| fork(&mongo, &request).await).await
    }

    pub(crate) async fn replay_branch(
        self: &Arc<Self>,
        key: &IdempotencyKey,
    ) -> Result<Option<BranchWithActive>, Error> {
        let key = key.clone();
        self.run_to_completion(async move |mongo: Arc<Self>| replay(&mongo, &key).await).await
    }
}

/// What the request for a fork names.
#[derive(Debug)]
pub(super) struct NamedByRequest {
    /// The chat, or the branch on whose line the message must lie.
    pub(super) target: Target,
    /// None for a fork before the first message.
    pub(super) message: Option<ForkedMessage>,
}

impl NamedByRequest {
    pub(super) async fn read(mongo: &MongoEngine, request: &ForkRequest) -> Result<Self, Error> {
        let target = Target::find(mongo, request.owner, request.target, []);
        let (target, message) = futures_util::join!(target, find_message(mongo, request));
        let (target, message) = (target?.require()?, message?);
        Ok(Self { target, message })
    }
}

async fn find_message(mongo: &MongoEngine, request: &ForkRequest) -> Result<Option<ForkedMessage>, Error> {
    let Some(message) = request.from else { return Ok(None) };
    let found = mongo.forked_messages.load_one(message).await?;
    found.filter(|found| found.owner == request.owner).map(Some).ok_or(Error::MessageNotFound)
}

/// The origin of a fork.
#[derive(Debug)]
pub(super) struct Origin {
    /// The parent in the chat.
    pub(super) parent: BranchDoc,
    /// The ancestry that goes on: that of the branch that owns the message, the parent or one of another chat. None for a fork before the
    /// first message of a line that begins in another chat.
    before: Option<Ancestry>,
    pub(super) depth: i64,
    /// Not before its parent and its message, whatever the clock says.
    pub(super) earliest: Timestamp,
}

/// Finds the parent of a fork: the branch of its message, which must lie on the named line. What a chat inherits counts as its
/// trunk's.
pub(super) async fn origin(
    mongo: &MongoEngine,
    NamedByRequest { target, message }: &NamedByRequest,
) -> Result<Origin, Error> {
    let Some(message) = message else {
        let parent = target.trunk().clone();
        let before = if parent.stands_on.is_none() { Some(parent.ancestry()?) } else { None };
        return Ok(Origin { depth: 0, earliest: parent.created_at, before, parent });
    };
    if message.chat != target.branch.chat {
        return origin_at_inherited(mongo, target, message).await;
    }
    let parent = match target.branch_of_chat(message.branch) {
        Some(parent) => Some(parent.clone()),
        None => find_by_id(mongo, message.branch).await?.filter(|parent| target.is_of_chat(parent)),
    };
    let parent = parent.ok_or(Error::MessageNotFound)?;
    if !target.branch.is_trunk() && target.branch.id != parent.id {
        let line = target.branch.ancestry()?;
        if owner_of_inherited(mongo, line, message.depth).await? != Some(parent.id) {
            return Err(Error::MessageNotFound);
        }
    }
    let (depth, before) = (message.depth, Some(parent.ancestry()?));
    Ok(Origin { depth, earliest: message.created_at.max(parent.created_at), before, parent })
}

/// The origin of a fork at a message of another chat. Its owner may be a tombstone: it is kept as long as the trunk is there.
async fn origin_at_inherited(
    mongo: &MongoEngine,
    target: &Target,
    message: &ForkedMessage,
) -> Result<Origin, Error> {
    let &ForkedMessage { branch: owner, depth, created_at, .. } = message;
    if !inherits(mongo, target.branch.ancestry()?, (owner, depth)).await? {
        return Err(Error::MessageNotFound);
    }
    let before = Some(ancestry_of(mongo, owner).await?);
    let parent = target.trunk().clone();
    Ok(Origin { depth, earliest: created_at.max(parent.created_at), before, parent })
}

/// Marks a message as forked: pages look for forks only of messages that are marked. Also if the fork is refused then, as
/// a mark says only that there may be forks.
pub(super) async fn mark_as_forked(mongo: &MongoEngine, message: Option<ForkedMessage>) -> Result<(), Error> {
    let unmarked = message.filter(|message| message.forked == Some(false));
    let Some(message) = unmarked else { return Ok(()) };
    let mark = ForkMark { message: message.id, branch: message.branch };
    mongo.fork_marks.submit(mark, &RetryDeadline::new()).await?
}

/// The ancestry of a branch that forks from the branch of another, at a message of this depth.
pub(super) async fn ancestry_after(
    mongo: &MongoEngine,
    before: &Ancestry,
    branch: BranchId,
    (depth, message): (i64, Option<ResponseId>),
) -> Result<Ancestry, Error> {
    let skip_target = match before.skip_target_for_child() {
        None => None,
        Some(skip_target) => Some(ancestry_of(mongo, skip_target).await?),
    };
    Ok(before.child(branch, depth, skip_target.as_ref()).with_fork_message(message))
}

/// The document of a fork.
pub(super) async fn child(
    mongo: &MongoEngine,
    new: &ForkRequest,
    origin: &Origin,
    previous_active: Option<BranchId>,
) -> Result<BranchDoc, Error> {
    let id = new.id.unwrap_or_else(BranchId::generate);
    let ancestry = match &origin.before {
        Some(before) => ancestry_after(mongo, before, id, (origin.depth, new.from)).await?,
        None => Ancestry::trunk(id),
    };
    let now = mongo.clock.now();
    let mut child = BranchDoc::fork(new, &ancestry, &origin.parent, now.max(origin.earliest));
    child.due = Some(now.plus(ABANDONED_AFTER).as_micros());
    child.previous_active = previous_active.filter(|_| new.activate);
    Ok(child)
}

async fn fork(mongo: &MongoEngine, request: &ForkRequest) -> Result<Created<BranchWithActive>, Error> {
    let named = NamedByRequest::read(mongo, request).await?;
    let (origin, marked) = futures_util::join!(origin(mongo, &named), mark_as_forked(mongo, named.message));
    let (origin, ()) = (origin?, marked?);
    let NamedByRequest { target, .. } = named;
    let child = child(mongo, request, &origin, target.trunk().active).await?;
    if !insert(mongo, &child).await? {
        let made = match &request.key {
            Some(key) => replay(mongo, key).await?,
            None => None,
        };
        return made.map(Created::replayed).ok_or(Error::IdTaken);
    }
    let (settled, active) = futures_util::join!(settle(mongo, &child), target.active(mongo));
    settled?;
    let active = if child.activate { child.id } else { active? };
    Ok(Created::new(BranchWithActive { branch: child.branch(), active }))
}

/// Ends what the insert of a fork has begun: its parent is confirmed, and it becomes the active branch if it shall.
pub(super) async fn settle(mongo: &MongoEngine, child: &BranchDoc) -> Result<(), Error> {
    confirm_parent_or_roll_back(mongo, child).await?;
    let activated = if child.activate { activate_fork(mongo, child, doc! {}).await } else { Ok(()) };
    match activated {
        Ok(()) => mongo.write_behind.record_fork(child),
        Err(error) => confirm_activation(mongo, child, error).await?,
    }
    if child.answer_line.is_some() { complete_answer(mongo, child).await } else { Ok(()) }
}

/// Completes the fork of an answer, before it is answered: as long as it is under way, it is rolled back if its line is gone.
async fn complete_answer(mongo: &MongoEngine, child: &BranchDoc) -> Result<(), Error> {
    let (filter, change) = fork_completion(child.id, child.op);
    mongo.branches.update_one(filter, change).await?;
    // An equal request may have rolled it back meanwhile. If it was deleted, it was there before.
    let found = find_by_id(mongo, child.id).await?;
    found.filter(|found| found.alive || found.undo.is_some()).map(drop).ok_or(Error::BranchNotFound)
}

/// Inserts a fork. False if its id or its key is taken.
pub(super) async fn insert(mongo: &MongoEngine, child: &BranchDoc) -> Result<bool, Error> {
    let document = serialize_to_raw_document_buf(child).map_err(broken)?;
    let failed = match mongo.fork_inserts.submit(document, &RetryDeadline::new()).await {
        Ok(Ok(())) => return Ok(true),
        Ok(Err(failed)) => failed,
        Err(unanswered) => FailedWrite::from(unanswered),
    };
    if failed.kind == WriteError::Failed {
        return Err(failed.error);
    }
    // It may be this very write, executed before the connection broke.
    let found = find_by_id(mongo, child.id).await;
    match found {
        Ok(Some(found)) if found.op == child.op => Ok(true),
        Ok(_) if failed.kind == WriteError::Duplicate => Ok(false),
        Ok(_) | Err(_) => Err(failed.error),
    }
}

/// Finds out what an activation did that was answered with an error, and completes the fork as a replay does: activated once
/// more, it could override a later choice.
async fn confirm_activation(mongo: &MongoEngine, child: &BranchDoc, error: Error) -> Result<(), Error> {
    match find_by_id(mongo, child.id).await {
        Ok(Some(found)) if found.is_in(BranchState::Forking) => complete_fork(mongo, &found).await,
        Ok(Some(found)) if found.alive => Ok(()),
        Ok(_) | Err(_) => Err(error),
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
