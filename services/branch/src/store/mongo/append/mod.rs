//! Appending: the leader of a line inserts a batch at the depths after the head. `queue` documents the queue of a line, and
//! `batcher` how the inserts of many lines become one.

pub(super) mod batcher;
mod insert;
pub(super) mod provisional;
pub(super) mod queue;

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::append::insert::{answer_all, fail_batch, insert, replay};
use crate::store::mongo::append::queue::{Appended, LineHead, LineLock, PendingAppend, TicketOutcome};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::head_to_follow;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{AppendRequest, NewMessage};
use shared::idempotency::Created;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn append(self: &Arc<Self>, request: Arc<AppendRequest>) -> Appended {
        self.run_to_completion(async move |mongo: Arc<Self>| append(&mongo, &request).await).await
    }
}

async fn append(mongo: &MongoEngine, request: &Arc<AppendRequest>) -> Appended {
    let mut deadline = RetryDeadline::new();
    if let Some(new) = for_known_branch(mongo, request) {
        match append_to_branch(mongo, new, &mut deadline).await {
            // The lookup tells which of them the request names.
            Err(Error::BranchNotFound | Error::ChatNotFound) => {}
            appended => return appended,
        }
    }
    let mut attempt = 1;
    loop {
        let target = mongo.resolve(request.owner, request.target).await?.require()?;
        let branch = target.branch_for(request.branch);
        let new = NewMessage { chat: target.chat, branch, request: Arc::clone(request) };
        match append_to_branch(mongo, new, &mut deadline).await {
            Err(Error::BranchNotFound)
                if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
            {
                attempt += 1;
            }
            appended => return appended,
        }
    }
}

/// The message, if it goes to the branch that the request names and the chat of this branch is known. Whether the branch is
/// alive, and whose it is, is read beside the insert.
fn for_known_branch(mongo: &MongoEngine, request: &Arc<AppendRequest>) -> Option<NewMessage> {
    let target = request.target;
    let known = mongo.branch_cache.get(target, mongo.clock.now())?;
    // A chat's id alone stands for the active branch.
    let is_named = known.chat.trunk() != target && request.branch.is_none_or(|named| named == target);
    is_named.then(|| NewMessage { chat: known.chat, branch: target, request: Arc::clone(request) })
}

async fn append_to_branch(mongo: &MongoEngine, new: NewMessage, deadline: &mut RetryDeadline) -> Appended {
    let mut ticket = mongo.append_queue.enqueue(new)?;
    let mut line_lock = match ticket.wait(deadline).await {
        TicketOutcome::Answered(appended) => return *appended,
        TicketOutcome::Leader(line_lock) => line_lock,
    };
    loop {
        if let Some(appended) = ticket.try_answer() {
            return appended;
        }
        line_lock.yield_to_replicas().await;
        let raced = append_batch(mongo, &mut line_lock, deadline).await;
        if !raced.is_empty() {
            line_lock.requeue(raced);
            if deadline.back_off().await.is_err() {
                return ticket.cancel().await;
            }
        }
    }
}

/// Appends the next batch of a line. Returns the messages that lost the race against another replica.
async fn append_batch(
    mongo: &MongoEngine,
    line_lock: &mut LineLock<'_>,
    deadline: &RetryDeadline,
) -> Vec<PendingAppend> {
    let batch = line_lock.take_batch();
    let Some(first) = batch.first() else { return batch };
    match find_batch_start(mongo, &first.new, line_lock).await {
        Ok(BatchStart::At(head)) => insert(mongo, line_lock, head, batch, deadline).await,
        Ok(BatchStart::Replay(made)) => answer_all(batch, || Ok(Created::replayed(Message::clone(&made)))),
        Err(error) => fail_batch(line_lock, batch, &error),
    }
}

/// What the first message of a batch finds.
enum BatchStart {
    /// The head that it follows.
    At(LineHead),
    /// The message of an equal request.
    Replay(Box<Message>),
}

/// Finds the head that a batch follows. The cached head is taken out of the cache, and comes back only after a success.
async fn find_batch_start(
    mongo: &MongoEngine,
    new: &NewMessage,
    line_lock: &mut LineLock<'_>,
) -> Result<BatchStart, Error> {
    let cached = line_lock.take_head(mongo.clock.now());
    let mut head = match cached {
        Some(head) => head,
        None => read_head(mongo, new).await?,
    };
    if head.chat != new.chat || head.owner != new.request.owner {
        line_lock.cache_head(head);
        return Err(Error::BranchNotFound);
    }
    if !new.request.expected_head.allows(head.id) {
        // Before `HeadMoved` is answered: the second of two equal requests is a replay.
        if let Some(made) = replay(mongo, new).await? {
            return Ok(BatchStart::Replay(Box::new(made)));
        }
        if cached.is_some() {
            head = read_head(mongo, new).await?;
        }
        if !new.request.expected_head.allows(head.id) {
            return Err(Error::HeadMoved { branch: new.branch, head: head.id });
        }
    }
    Ok(BatchStart::At(head))
}

/// Reads the head of the line from the database.
async fn read_head(mongo: &MongoEngine, new: &NewMessage) -> Result<LineHead, Error> {
    let (branch, _) =
        branch_with_trunk(mongo, new.request.owner, new.chat, new.branch).await?.require_both()?;
    let (depth, id, earliest_next) = head_to_follow(mongo, &branch).await?;
    Ok(LineHead {
        seen_at: mongo.clock.now(),
        earliest_next,
        chat: new.chat,
        owner: new.request.owner,
        fork_depth: branch.fork_depth,
        depth,
        id,
    })
}
