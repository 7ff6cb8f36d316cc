//! Forks of chats: one insert of bounded size, of a trunk that stands on a branch of another chat, and then a check that the source still
//! lives. What it stands on is kept from the insert on (`kept` says how).

use crate::domain::MIN_TIME_STEP;
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::forked_message::ForkedMessage;
use crate::store::mongo::read::head::head;
use crate::store::mongo::read::lookup::{ancestry_of, branch_with_trunk, find_by_id};
use crate::store::mongo::read::messages::is_read_in;
use crate::store::mongo::read::reading_chat::inherits;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::tree::fork::{ancestry_after, insert};
use crate::store::mongo::tree::transitions::{ABANDONED_AFTER, complete_fork};
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{ChatForkPoint, ChatForkRequest, ForkPointRequest, Lookup, NewTrunk};
use shared::ids::{ResponseId, UserId};
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn find_fork_point(&self, request: &ForkPointRequest) -> Result<ChatForkPoint, Error> {
        let &ForkPointRequest { owner, target, branch, message } = request;
        let target = Target::find(self, owner, target, branch).await?.require()?;
        let chat = target.branch.chat;
        let named = match branch {
            Some(branch) => Some(target.branch_of_chat(branch).ok_or(Error::BranchNotFound)?),
            None => Some(&target.branch).filter(|branch| !branch.is_trunk()),
        };
        let message = match (message, named) {
            (Some(message), named) => {
                let found = message_of(self, owner, message).await?;
                if !is_on(self, &target, named, &found).await? {
                    return Err(Error::MessageNotFound);
                }
                Some(message)
            }
            (None, Some(branch)) => head(self, branch).await?.1,
            (None, None) => self.head_of_active_branch(&target).await?,
        };
        Ok(ChatForkPoint { chat, message })
    }

    async fn head_of_active_branch(&self, target: &Target) -> Result<Option<ResponseId>, Error> {
        let BranchDoc { owner, chat, .. } = target.branch;
        let mut attempt = 1;
        loop {
            let active = target.active(self).await?;
            match branch_with_trunk(self, owner, chat, active).await?.require_both() {
                Ok((active, _)) => return Ok(head(self, &active).await?.1),
                Err(Error::BranchNotFound) if attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH => attempt += 1,
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) async fn fork_chat(self: &Arc<Self>, request: &ChatForkRequest) -> Result<(), Error> {
        let request = *request;
        self.run_to_completion(async move |mongo: Arc<Self>| fork_chat(&mongo, &request).await).await
    }
}

async fn message_of(mongo: &MongoEngine, owner: UserId, message: ResponseId) -> Result<ForkedMessage, Error> {
    let found = mongo.forked_messages.load_one(message).await?;
    found.filter(|found| found.owner == owner).ok_or(Error::MessageNotFound)
}

/// Whether a message lies on the line of the named branch, or without one is read in the chat.
async fn is_on(
    mongo: &MongoEngine,
    target: &Target,
    named: Option<&BranchDoc>,
    message: &ForkedMessage,
) -> Result<bool, Error> {
    let &ForkedMessage { chat, branch, depth, .. } = message;
    match named {
        None => is_read_in(mongo, target, (chat, branch, depth)).await,
        Some(line) if line.id == branch => Ok(true),
        Some(line) => inherits(mongo, line.ancestry()?, (branch, depth)).await,
    }
}

async fn fork_chat(mongo: &MongoEngine, request: &ChatForkRequest) -> Result<(), Error> {
    if is_made(mongo, request).await? {
        return Ok(());
    }
    let &ChatForkRequest { chat, owner, created_at, from } = request;
    let source = match Target::find(mongo, owner, from.chat.trunk(), []).await? {
        Lookup::Found(source) => source,
        Lookup::Hidden | Lookup::Unknown => return Err(Error::ChatNotFound),
    };
    let Some(message) = from.message else {
        return mongo.create_trunk(NewTrunk { chat, owner, created_at }).await;
    };
    let message = message_of(mongo, owner, message).await?;
    if !is_on(mongo, &source, None, &message).await? {
        return Err(Error::MessageNotFound);
    }
    let trunk = trunk(mongo, request, &message).await?;
    if !insert(mongo, &trunk).await? {
        // An equal request came first.
        return if is_made(mongo, request).await? { Ok(()) } else { Err(Error::ChatNotFound) };
    }
    complete(mongo, &trunk).await
}

/// Completes a fork before the answer: later, it would be rolled back if the source is deleted meanwhile.
async fn complete(mongo: &MongoEngine, trunk: &BranchDoc) -> Result<(), Error> {
    complete_fork(mongo, trunk).await?;
    // An equal request may have rolled it back between the look at the source and the completion.
    let completed = find_by_id(mongo, trunk.id).await?;
    completed.filter(|trunk| trunk.alive).map(drop).ok_or(Error::ChatNotFound)
}

/// Whether the trunk is there already; what was left under way is completed.
async fn is_made(mongo: &MongoEngine, request: &ChatForkRequest) -> Result<bool, Error> {
    let Some(trunk) = find_by_id(mongo, request.chat.trunk()).await? else { return Ok(false) };
    if trunk.owner != request.owner || !trunk.alive {
        return Err(Error::ChatNotFound);
    }
    if trunk.is_in(BranchState::Forking) {
        complete(mongo, &trunk).await?;
    }
    Ok(true)
}

/// The document of the trunk. Its own messages come later than all that it inherits.
async fn trunk(
    mongo: &MongoEngine,
    request: &ChatForkRequest,
    message: &ForkedMessage,
) -> Result<BranchDoc, Error> {
    let owner = ancestry_of(mongo, message.branch).await.map_err(|error| match error {
        Error::BranchNotFound => Error::MessageNotFound,
        error => error,
    })?;
    let end = (message.depth, Some(message.id));
    let ancestry = ancestry_after(mongo, &owner, request.chat.trunk(), end).await?;
    let created_at = request.created_at.max(message.created_at.plus(MIN_TIME_STEP));
    let mut trunk = BranchDoc::chat_fork(request, &ancestry, message.id, created_at);
    trunk.due = Some(mongo.clock.now().plus(ABANDONED_AFTER).as_micros());
    Ok(trunk)
}
