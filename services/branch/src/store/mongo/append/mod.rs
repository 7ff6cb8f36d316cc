//! Appending: the leader of a line inserts a batch at the depths after the head. `queue` documents the queue.

pub(super) mod queue;

use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::mongo::append::queue::{Appended, LineHead, LineLock, PendingAppend, TicketOutcome};
use crate::store::mongo::client::errors::{WriteError, clone_error, write_error};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::fields::{Id, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::head::{MIN_TIME_STEP, head_in_time};
use crate::store::mongo::read::lookup::{BranchWithTrunk, branch_with_trunk};
use crate::store::navigation::MAX_ATTEMPTS_ON_ACTIVE_BRANCH;
use crate::store::{AppendRequest, NewMessage};
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use mongodb::bson::doc;
use mongodb::error::Error as MongoError;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::{BranchId, ResponseId};
use shared_store::StoreError;
use std::collections::HashSet;
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn append(self: &Arc<Self>, request: &AppendRequest) -> Appended {
        let mut attempt = 1;
        loop {
            let target = self.resolve(request.owner, request.target).await?.require()?;
            let new = request.for_branch(target.chat, target.branch_for(request.branch));
            let append = async move |mongo: Arc<Self>| append(&mongo, new).await;
            match self.run_to_completion(append).await {
                Err(Error::BranchNotFound)
                    if request.branch.is_none() && attempt < MAX_ATTEMPTS_ON_ACTIVE_BRANCH =>
                {
                    attempt += 1;
                }
                appended => return appended,
            }
        }
    }
}

async fn append(mongo: &MongoEngine, new: NewMessage) -> Appended {
    let mut deadline = RetryDeadline::new();
    let mut ticket = mongo.append_queue.enqueue(new)?;
    let mut line_lock = match ticket.wait(&deadline).await {
        TicketOutcome::Answered(appended) => return appended,
        TicketOutcome::Leader(line_lock) => line_lock,
    };
    loop {
        if let Some(appended) = ticket.try_answer() {
            return appended;
        }
        line_lock.yield_to_replicas().await;
        let raced = append_batch(mongo, &mut line_lock, &deadline).await;
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
        Ok(BatchStart::Replay(made)) => answer_all(batch, || Ok(Created::replayed(made.clone()))),
        Err(error) => fail_batch(line_lock, batch, &error),
    }
}

fn answer_all(batch: Vec<PendingAppend>, answer: impl Fn() -> Appended) -> Vec<PendingAppend> {
    for pending in batch {
        pending.answer(answer());
    }
    Vec::new()
}

/// Answers a batch with an error, and where the store is unavailable all that is queued for the line: one after the other
/// they would wait for seconds to be told the same.
fn fail_batch(line_lock: &LineLock<'_>, mut batch: Vec<PendingAppend>, error: &Error) -> Vec<PendingAppend> {
    if matches!(error, Error::Store(StoreError::Unavailable(_))) {
        batch.extend(line_lock.take_all());
    }
    answer_all(batch, || Err(clone_error(error)))
}

/// What the first message of a batch finds.
enum BatchStart {
    /// The head that it follows.
    At(LineHead),
    /// The message of an equal request.
    Replay(Message),
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
    if head.chat != new.chat || head.owner != new.owner {
        line_lock.cache_head(head);
        return Err(Error::BranchNotFound);
    }
    if !new.expected_head.allows(head.id) {
        // Before `HeadMoved` is answered: the second of two equal requests is a replay.
        if let Some(made) = replay(mongo, new).await? {
            return Ok(BatchStart::Replay(made));
        }
        if cached.is_some() {
            head = read_head(mongo, new).await?;
        }
        if !new.expected_head.allows(head.id) {
            return Err(Error::HeadMoved { head: head.id });
        }
    }
    Ok(BatchStart::At(head))
}

/// Reads the head of the line from the database.
async fn read_head(mongo: &MongoEngine, new: &NewMessage) -> Result<LineHead, Error> {
    let (branch, _) = branch_with_trunk(mongo, new.owner, new.chat, new.branch).await?.require_both()?;
    let (depth, id, earliest_next) = head_in_time(mongo, &branch).await?;
    Ok(LineHead { seen_at: mongo.clock.now(), earliest_next, chat: new.chat, owner: new.owner, depth, id })
}

async fn replay(mongo: &MongoEngine, new: &NewMessage) -> Result<Option<Message>, Error> {
    match &new.key {
        Some(key) => mongo.replay_message(key).await,
        None => Ok(None),
    }
}

/// Inserts a batch after this head and answers it. Returns the messages that lost the race against another replica.
async fn insert(
    mongo: &MongoEngine,
    line_lock: &mut LineLock<'_>,
    head: LineHead,
    batch: Vec<PendingAppend>,
    deadline: &RetryDeadline,
) -> Vec<PendingAppend> {
    let now = mongo.clock.now();
    let documents = documents(&batch, head, now);
    // At the same time: a deletion of the branch is either seen here, or sees the messages.
    let insert = mongo.messages.insert_many(&documents);
    let seen = branch_with_trunk(mongo, head.owner, head.chat, line_lock.branch());
    let (result, seen) = futures_util::join!(insert.into_future(), seen);
    let inserted = match result {
        Ok(_) => Inserted { ids: ids(&documents), rest: Rest::None },
        Err(error) => confirm_insert(mongo, &documents, error, deadline).await,
    };
    if let Err(error) = undo_if_gone(mongo, line_lock.branch(), &inserted, seen).await {
        return fail_batch(line_lock, batch, &error);
    }
    if let Rest::Failed(error) = &inserted.rest {
        fail_batch(line_lock, Vec::new(), error);
    }
    if let Some(last) = documents.iter().rfind(|document| inserted.ids.contains(&document.id)) {
        if matches!(inserted.rest, Rest::None) {
            let earliest_next = last.created_at.plus(MIN_TIME_STEP);
            line_lock.cache_head(LineHead {
                seen_at: now,
                earliest_next,
                depth: last.depth,
                id: Some(last.id),
                ..head
            });
        }
        mongo.write_behind.record_head(line_lock.branch(), last.depth, last.id);
    }
    answer(mongo, batch, documents, &inserted).await
}

/// The documents of a batch. Their times rise along the line, which the lists by time rely on.
fn documents(batch: &[PendingAppend], head: LineHead, now: Timestamp) -> Vec<MessageDoc> {
    let (mut parent, mut at) = (head.id, now.max(head.earliest_next));
    let mut documents = Vec::with_capacity(batch.len());
    for (pending, depth) in batch.iter().zip(head.depth + 1..) {
        documents.push(MessageDoc::new(&pending.new, pending.id, depth, parent, at));
        (parent, at) = (Some(pending.id), at.plus(MIN_TIME_STEP));
    }
    documents
}

fn ids(documents: &[MessageDoc]) -> HashSet<ResponseId> {
    documents.iter().map(|document| document.id).collect()
}

/// The outcome of an insert.
struct Inserted {
    /// The messages that are there: a prefix of the batch.
    ids: HashSet<ResponseId>,
    rest: Rest,
}

/// The outcome for the messages that were not inserted.
enum Rest {
    /// All were inserted.
    None,
    /// Another replica or an equal request came first.
    Raced,
    /// The store failed.
    Failed(Error),
}

/// Finds out what an insert did that was answered with an error: it may have been executed before the connection broke.
async fn confirm_insert(
    mongo: &MongoEngine,
    documents: &[MessageDoc],
    error: MongoError,
    deadline: &RetryDeadline,
) -> Inserted {
    let write_error = write_error(&error);
    let found = match write_error {
        WriteError::Failed => Ok(HashSet::new()),
        _ => deadline.confirm(find_inserted(mongo, ids(documents))).await.flatten(),
    };
    match found {
        Ok(ids) if ids.len() == documents.len() => Inserted { ids, rest: Rest::None },
        Ok(ids) if write_error == WriteError::Duplicate => Inserted { ids, rest: Rest::Raced },
        Ok(ids) => Inserted { ids, rest: Rest::Failed(error.into()) },
        Err(_) => Inserted { ids: HashSet::new(), rest: Rest::Failed(error.into()) },
    }
}

/// Those of these messages that are there.
async fn find_inserted(mongo: &MongoEngine, ids: HashSet<ResponseId>) -> Result<HashSet<ResponseId>, Error> {
    let typed = mongo.messages.clone_with_type::<Id<ResponseId>>();
    let found = typed.find(doc! {"_id": {"$in": texts(ids)}}).projection(doc! {"_id": 1});
    let found: Vec<_> = found.await?.try_collect().await?;
    Ok(found.into_iter().map(|found| found.id).collect())
}

/// Deletes the inserted messages again if the branch was gone by then.
async fn undo_if_gone(
    mongo: &MongoEngine,
    branch: BranchId,
    inserted: &Inserted,
    seen: Result<BranchWithTrunk, Error>,
) -> Result<(), Error> {
    let Err(gone) = seen?.require_both() else { return Ok(()) };
    let inserted = doc! {"_id": {"$in": texts(&inserted.ids)}, "branch": branch.to_string()};
    mongo.messages.delete_many(inserted).await?;
    Err(gone)
}

/// Answers a batch. Returns the messages that lost the race against another replica.
async fn answer(
    mongo: &MongoEngine,
    batch: Vec<PendingAppend>,
    documents: Vec<MessageDoc>,
    inserted: &Inserted,
) -> Vec<PendingAppend> {
    let mut raced = Vec::new();
    for (pending, document) in batch.into_iter().zip(documents) {
        if inserted.ids.contains(&pending.id) {
            pending.answer(Ok(Created::new(document.into_message(Forks::default()))));
        } else if let Rest::Failed(error) = &inserted.rest {
            pending.answer(Err(clone_error(error)));
        } else {
            raced.push(pending);
        }
    }
    answer_replays(mongo, raced).await
}

/// Answers the messages whose key an equal request has used, and returns the others. All keys are looked up at the same
/// time, because the line is locked meanwhile.
async fn answer_replays(mongo: &MongoEngine, batch: Vec<PendingAppend>) -> Vec<PendingAppend> {
    let made = join_all(batch.iter().map(|pending| replay(mongo, &pending.new))).await;
    let mut raced = Vec::new();
    for (pending, made) in batch.into_iter().zip(made) {
        match made {
            Ok(None) => raced.push(pending),
            Ok(Some(made)) => pending.answer(Ok(Created::replayed(made))),
            Err(error) => pending.answer(Err(error)),
        }
    }
    raced
}
