//! Forking with messages. The messages go in first, and nobody sees them, because their branch is not there. The document of the
//! branch is the commit.
//!
//! The messages of a fork:
//!
//! ```text
//!                                  insert of the branch             not due any more:
//!   insert_messages ---> [ due ] -----------------------> [ due ] ----------------------> at rest
//!        |                 |  |     (fork, or finish)        |      write-behind, sweep
//!        | key taken:      |  |                              |
//!        | finish, or      |  '--- sweep, once they are due: |  roll_back_fork:
//!        | a replay        |       a tombstone takes the     |  parent or trunk gone
//!        v                 |       place of the branch       v
//!   those of the equal     |              |              deleted
//!   request          <-----'              v
//!                    finish: inserts   deleted
//!                    what is missing
//! ```
//!
//! An equal request that finds messages without their branch finishes what the first has begun, whether that is still under way
//! or has died: both insert the same documents, as the ids and times of the messages follow from those of the first.

use crate::domain::{MIN_TIME_STEP, Message};
use crate::error::Error;
use crate::store::ForkRequest;
use crate::store::branching::{ForkWithMessages, NewBranch};
use crate::store::mongo::client::errors::{FailedWrite, WriteError, unavailable};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{Id, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::read::reading_chat::inherits;
use crate::store::mongo::tree::fork::{NamedByRequest, child, insert, mark_as_forked, origin, settle};
use crate::store::mongo::tree::transitions::complete_fork;
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ResponseId};
use std::sync::Arc;
use uuid::Uuid;

/// The random bits at the end of an id (RFC 9562, 5.7: `rand_b`).
const RANDOM_BITS: u128 = (1 << 62) - 1;

impl MongoEngine {
    pub(crate) async fn fork_with_messages(
        self: &Arc<Self>,
        request: Arc<ForkWithMessages>,
    ) -> Result<Option<NewBranch>, Error> {
        self.run_to_completion(async move |mongo: Arc<Self>| fork(&mongo, &request).await).await
    }

    /// The message that a request with this key has created.
    pub(crate) async fn replay_message(&self, key: &IdempotencyKey) -> Result<Option<Message>, Error> {
        let Some(made) = find_by_key(self, key).await? else { return Ok(None) };
        if made.due.is_some() && !complete_if_committed(self, made.branch).await? {
            return Ok(None);
        }
        self.read_own_message(made.owner, made.id).await?.map(Some).ok_or(Error::MessageNotFound)
    }
}

async fn find_by_key(mongo: &MongoEngine, key: &IdempotencyKey) -> Result<Option<MessageDoc>, Error> {
    let made = mongo.messages.find_one(doc! {"key_id": key.id.to_string()}).await?;
    if made.as_ref().is_some_and(|made| !made.is_made_by(key)) {
        return Err(Error::KeyReused);
    }
    Ok(made)
}

/// Completes the fork that a branch with messages was made by, if that is under way. False if the branch is not there.
async fn complete_if_committed(mongo: &MongoEngine, branch: BranchId) -> Result<bool, Error> {
    match find_by_id(mongo, branch).await? {
        Some(branch) if branch.alive && branch.is_in(BranchState::Forking) => {
            complete_fork(mongo, &branch).await.map(|()| true)
        }
        Some(branch) => Ok(!branch.aborted),
        None => Ok(false),
    }
}

async fn fork(mongo: &MongoEngine, request: &ForkWithMessages) -> Result<Option<NewBranch>, Error> {
    let new = NewFork::read(mongo, request, None).await?;
    if let Some(made) = insert_messages(mongo, &new.messages, request.fork.key.as_ref()).await? {
        return finish(mongo, request, &made).await.map(|()| None);
    }
    if insert(mongo, &new.branch).await? {
        settle(mongo, &new.branch).await?;
    } else if !complete_if_committed(mongo, new.branch.id).await? {
        return Err(took_too_long());
    }
    let BranchDoc { id: branch, chat, fork_depth, .. } = new.branch;
    Ok(Some(NewBranch { chat, branch, first: new.first, fork_depth }))
}

fn took_too_long() -> Error {
    unavailable("the fork took too long")
}

/// Finishes what an equal request has begun, which has inserted this message first.
async fn finish(mongo: &MongoEngine, request: &ForkWithMessages, first: &MessageDoc) -> Result<(), Error> {
    if first.due.is_none() {
        return Ok(());
    }
    if let Some(found) = find_by_id(mongo, first.branch).await? {
        return if found.aborted { Err(took_too_long()) } else { Ok(()) };
    }
    let new = NewFork::read(mongo, request, Some(first)).await?;
    let inserted = mongo.messages.insert_many(&new.messages).ordered(false).await;
    if let Err(error) = inserted
        && !are_there(mongo, &new.messages).await?
    {
        return Err(error.into());
    }
    if insert(mongo, &new.branch).await? {
        return settle(mongo, &new.branch).await;
    }
    if complete_if_committed(mongo, new.branch.id).await? { Ok(()) } else { Err(took_too_long()) }
}

/// The documents of a fork with messages.
struct NewFork {
    branch: BranchDoc,
    first: ResponseId,
    messages: Vec<MessageDoc>,
}

impl NewFork {
    /// Prepares the documents, as the `first` message of an equal request says if there is one.
    async fn read(
        mongo: &MongoEngine,
        request: &ForkWithMessages,
        first: Option<&MessageDoc>,
    ) -> Result<Self, Error> {
        let mut request = request.clone();
        if let Some(first) = first {
            request.fork = ForkRequest { id: Some(first.branch), from: first.parent, ..request.fork };
        }
        let named = NamedByRequest::read(mongo, &request.fork).await?;
        let (origin, marked) =
            futures_util::join!(origin(mongo, &named), mark_as_forked(mongo, named.message));
        let (origin, ()) = (origin?, marked?);
        if request.is_on_line_of_target {
            check_on_line(mongo, &named).await?;
        }
        let mut branch = child(mongo, &request.fork, &origin, named.target.trunk().active).await?;
        let after_origin = named.message.map(|message| message.created_at.plus(MIN_TIME_STEP));
        branch.created_at = match first {
            Some(first) => first.created_at,
            None => after_origin.map_or(branch.created_at, |after| after.max(branch.created_at)),
        };
        let first = first.map_or_else(ResponseId::generate, |first| first.id);
        Ok(Self::new(&request, branch, first))
    }

    fn new(request: &ForkWithMessages, mut branch: BranchDoc, first: ResponseId) -> Self {
        let ids: Vec<_> = (0..).zip(&request.messages).map(|(number, _)| following(first, number)).collect();
        let places = request.places(&ids, branch.fork_depth, branch.created_at);
        let mut key = request.fork.key.as_ref();
        let message = |(place, content)| {
            let message = MessageDoc::first_of(&branch, place, content);
            match key.take() {
                Some(key) => message.with_key(key),
                None => message,
            }
        };
        let messages: Vec<_> = places.into_iter().map(message).collect();
        (branch.key_id, branch.request_hash) = (None, None);
        if let (Some(first), Some(last)) = (messages.first(), messages.last()) {
            branch.begin_with(&first.as_first(), &last.as_last());
        }
        Self { branch, first, messages }
    }
}

/// The id of the message that is so many places after the first.
fn following(first: ResponseId, number: u128) -> ResponseId {
    let first = first.as_uuid().as_u128();
    let random = first.wrapping_add(number) & RANDOM_BITS;
    ResponseId::from(Uuid::from_u128((first & !RANDOM_BITS) | random))
}

/// Checks that the message lies on the line of the target, also if that is a trunk.
async fn check_on_line(
    mongo: &MongoEngine,
    NamedByRequest { target, message }: &NamedByRequest,
) -> Result<(), Error> {
    let Some(message) = message.filter(|message| message.branch != target.branch.id) else { return Ok(()) };
    let is_on_line = inherits(mongo, target.branch.ancestry()?, (message.branch, message.depth)).await?;
    if is_on_line { Ok(()) } else { Err(Error::MessageNotFound) }
}

/// Inserts messages of which none is there. Returns the message that has their key, if an equal request came first.
async fn insert_messages(
    mongo: &MongoEngine,
    messages: &[MessageDoc],
    key: Option<&IdempotencyKey>,
) -> Result<Option<MessageDoc>, Error> {
    let Err(error) = mongo.messages.insert_many(messages).await else { return Ok(None) };
    let FailedWrite { kind, error } = FailedWrite::from(&error);
    if kind == WriteError::Failed {
        return Err(error);
    }
    // It may be this very write, executed before the connection broke.
    if RetryDeadline::new().confirm(are_there(mongo, messages)).await.flatten()? {
        return Ok(None);
    }
    match key {
        Some(key) if kind == WriteError::Duplicate => find_by_key(mongo, key).await?.map(Some).ok_or(error),
        Some(_) | None => Err(error),
    }
}

/// Whether all of these messages are there.
async fn are_there(mongo: &MongoEngine, messages: &[MessageDoc]) -> Result<bool, Error> {
    let typed = mongo.messages.clone_with_type::<Id<ResponseId>>();
    let ids = texts(messages.iter().map(|message| message.id));
    let found = typed.find(doc! {"_id": {"$in": ids}}).projection(doc! {"_id": 1});
    let found: Vec<_> = found.await?.try_collect().await?;
    Ok(found.len() == messages.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_follow_differ_and_keep_their_version() {
        let first = ResponseId::from(Uuid::from_u128(0x018f_3a5e_7b1c_7c3d_bfff_ffff_ffff_fffe));
        let ids: Vec<_> = (0..4).map(|number| following(first, number).as_uuid()).collect();
        assert_eq!(ids[0], first.as_uuid());
        for (place, id) in ids.iter().enumerate() {
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.as_u128() >> 62, first.as_uuid().as_u128() >> 62);
            assert!(!ids[..place].contains(id));
        }
    }
}
