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
//! or has died: both insert the same documents, as the ids and times of the messages follow from those of the first. Requests are equal
//! by their key, or by the id of the first message, if that was given out before.

use crate::domain::{MIN_TIME_STEP, branch_instead_of};
use crate::error::Error;
use crate::store::ForkRequest;
use crate::store::branching::{ForkWithMessages, NewBranch};
use crate::store::mongo::client::errors::{FailedWrite, WriteError, unavailable};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{Id, texts};
use crate::store::mongo::documents::message::{MessageDoc, due_messages};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::find_by_id;
use crate::store::mongo::read::reading_chat::inherits;
use crate::store::mongo::tree::fork::{NamedByRequest, child, insert, mark_as_forked, origin, settle};
use crate::store::mongo::tree::replays::{complete_if_committed, find_by_id_of, find_by_key};
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
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
}

async fn fork(mongo: &MongoEngine, request: &ForkWithMessages) -> Result<Option<NewBranch>, Error> {
    let mut request = request.clone();
    if let (Some(_), Some(id)) = (request.first_id, request.fork.id) {
        let Some(unused) = unused_id(mongo, id).await? else { return Ok(None) };
        request.fork.id = Some(unused);
    }
    let new = NewFork::read(mongo, &request, None).await?;
    if let Some(made) = insert_messages(mongo, &request, &new.messages).await? {
        return finish(mongo, &request, &made).await.map(|()| None);
    }
    if insert(mongo, &new.branch).await? {
        settle(mongo, &new.branch).await?;
    } else if !complete_own(mongo, &request, &new).await? {
        return Err(took_too_long());
    }
    let BranchDoc { id: branch, chat, fork_depth, created_at: first_at, .. } = new.branch;
    Ok(Some(NewBranch { chat, branch, first: new.first, first_at, fork_depth }))
}

/// The id of a branch, or that which takes its place where the sweep has kept the branch from being inserted. `None` if there is, or was,
/// such a branch.
async fn unused_id(mongo: &MongoEngine, mut id: BranchId) -> Result<Option<BranchId>, Error> {
    loop {
        match find_by_id(mongo, id).await? {
            None => return Ok(Some(id)),
            Some(found) if found.aborted => id = branch_instead_of(id),
            Some(_) => return Ok(None),
        }
    }
}

/// Completes a fork whose messages are there, and whose branch is inserted by an equal request. False if it is not there, or is another
/// branch with the id.
async fn complete_own(mongo: &MongoEngine, request: &ForkWithMessages, new: &NewFork) -> Result<bool, Error> {
    if request.first_id.is_some() {
        let found = find_by_id(mongo, new.branch.id).await?;
        if found.is_some_and(|found| !found.aborted && found.first != Some(new.first)) {
            // Else they would count as those of the other branch once they are due.
            mongo.messages.delete_many(due_messages(&new.branch)).await?;
            return Ok(false);
        }
    }
    complete_if_committed(mongo, new.branch.id).await
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
    if complete_own(mongo, request, &new).await? { Ok(()) } else { Err(took_too_long()) }
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
        branch.answer_line = request.answer_line();
        branch.created_at = match first {
            Some(first) => first.created_at,
            None => after_origin.map_or(branch.created_at, |after| after.max(branch.created_at)),
        };
        let first = first.map(|first| first.id).or(request.first_id);
        Ok(Self::new(&request, branch, first.unwrap_or_else(ResponseId::generate)))
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

/// Inserts messages of which none is there. Returns the message that has their key or their id, if an equal request came first.
async fn insert_messages(
    mongo: &MongoEngine,
    request: &ForkWithMessages,
    messages: &[MessageDoc],
) -> Result<Option<MessageDoc>, Error> {
    let Err(error) = mongo.messages.insert_many(messages).await else { return Ok(None) };
    let FailedWrite { kind, error } = FailedWrite::from(&error);
    if kind == WriteError::Failed {
        return Err(error);
    }
    if let Some(id) = request.first_id {
        // It may be this very write, executed before the connection broke, which is finished like that of an equal request.
        let made =
            RetryDeadline::new().confirm(find_by_id_of(mongo, request.fork.owner, id)).await.flatten()?;
        return made.map(Some).ok_or(error);
    }
    // It may be this very write, executed before the connection broke.
    if RetryDeadline::new().confirm(are_there(mongo, messages)).await.flatten()? {
        return Ok(None);
    }
    match &request.fork.key {
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
