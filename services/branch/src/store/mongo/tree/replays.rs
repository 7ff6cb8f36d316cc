//! Messages that equal requests have stored: found by their key, or by their id, if that was given out before.

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::append::provisional::confirm;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::tree::transitions::complete_fork;
use mongodb::bson::doc;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ResponseId, UserId};

impl MongoEngine {
    /// The message that a request with this key has created.
    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let Some(made) = find_by_key(self, key).await? else { return Ok(None) };
        if made.due.is_some() && !complete_if_committed(self, made.branch).await? {
            return Ok(None);
        }
        self.read_own_message(made.owner, made.id).await?.map(Some).ok_or(Error::MessageNotFound)
    }

    /// The message that was stored under an id that was given out before.
    pub(crate) async fn replay_answer(
        &self,
        owner: UserId,
        id: ResponseId,
    ) -> Result<Option<Message>, Error> {
        let Some(made) = find_by_id_of(self, owner, id).await? else { return Ok(None) };
        if made.due.is_some() && !complete_if_committed(self, made.branch).await? {
            return Ok(None);
        }
        let stored = self.read_own_message(owner, id).await?.ok_or(Error::MessageNotFound)?;
        // Its branch is alive, so that it is stored, whatever became of the first request.
        let is_there = !made.provisional || confirm(self, id).await?;
        Ok(Some(stored).filter(|_| is_there))
    }
}

/// A message with this id, also if its branch is not there. [`Error::MessageNotFound`] if it is another user's.
pub(super) async fn find_by_id_of(
    mongo: &MongoEngine,
    owner: UserId,
    id: ResponseId,
) -> Result<Option<MessageDoc>, Error> {
    let found = mongo.messages.find_one(doc! {"_id": id.to_string()}).await?;
    if found.as_ref().is_some_and(|found| found.owner != owner) {
        return Err(Error::MessageNotFound);
    }
    Ok(found)
}

/// A message with this key. [`Error::KeyReused`] if another request has made it.
pub(super) async fn find_by_key(
    mongo: &MongoEngine,
    key: &IdempotencyKey,
) -> Result<Option<MessageDoc>, Error> {
    let made = mongo.messages.find_one(doc! {"key_id": key.id.to_string()}).await?;
    if made.as_ref().is_some_and(|made| !made.is_made_by(key)) {
        return Err(Error::KeyReused);
    }
    Ok(made)
}

/// Completes the fork that a branch with messages was made by, if that is under way. False if the branch is not there.
pub(super) async fn complete_if_committed(mongo: &MongoEngine, branch: BranchId) -> Result<bool, Error> {
    match find_by_id(mongo, branch).await? {
        Some(branch) if branch.alive && branch.is_in(BranchState::Forking) => {
            complete_fork(mongo, &branch).await.map(|()| true)
        }
        Some(branch) => Ok(!branch.aborted),
        None => Ok(false),
    }
}
