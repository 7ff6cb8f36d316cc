//! The insert of a batch of one line: the documents at the depths after the head, and what came of each.

use crate::domain::{Forks, MIN_TIME_STEP, Message};
use crate::error::Error;
use crate::store::NewMessage;
use crate::store::mongo::append::batcher::InsertOutcome;
use crate::store::mongo::append::provisional::{confirm, discard};
use crate::store::mongo::append::queue::{Appended, LineHead, LineLock, PendingAppend};
use crate::store::mongo::client::errors::{FailedWrite, WriteError, clone_error, is_unavailable};
use crate::store::mongo::client::retry::RetryDeadline;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::data_loader::LoadResult;
use crate::store::mongo::read::forked_message::ForkedMessageLoader;
use crate::store::mongo::read::liveness::{Gone, Line, LineLiveness};
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::versions::{self, Versions};
use futures_util::TryStreamExt as _;
use futures_util::future::{Either, join_all, select};
use mongodb::bson::doc;
use shared::clock::Timestamp;
use shared::idempotency::Created;
use shared::ids::ResponseId;
use std::collections::HashSet;
use std::pin::pin;

/// Inserts a batch after this head and answers it. Returns the messages that lost the race against another replica.
pub(super) async fn insert(
    mongo: &MongoEngine,
    line_lock: &mut LineLock<'_>,
    head: LineHead,
    batch: Vec<PendingAppend>,
    deadline: &RetryDeadline,
) -> Vec<PendingAppend> {
    let now = mongo.clock.now();
    let documents = documents(&batch, head, now);
    let line = Line { owner: head.owner, chat: head.chat, branch: line_lock.branch() };
    let insert = async {
        match &*documents {
            [only] => mongo.insert_batcher.insert(line, only, deadline).await,
            several => insert_in_order(mongo, line, several).await,
        }
    };
    let parent = mongo.forked_messages.load_many(head.id.into_iter().collect());
    let (InsertOutcome { written, gone }, parent) = match select(pin!(insert), pin!(parent)).await {
        // A failure is answered at once: while there is no server, the parent is waited for in vain.
        Either::Left((failed @ InsertOutcome { written: Err(_), .. }, _)) => (failed, None),
        Either::Left((outcome, parent)) => (outcome, Some(parent.await)),
        Either::Right((parent, insert)) => (insert.await, Some(parent)),
    };
    let inserted = match written {
        Ok(()) => Inserted { ids: ids(&documents), rest: Rest::None },
        Err(failed) => confirm_insert(mongo, &documents, failed, deadline).await,
    };
    if let Err(error) = confirm_or_undo(mongo, line, &documents, &inserted, gone).await {
        return fail_batch(line_lock, batch, &error);
    }
    if let Rest::Failed(error) = &inserted.rest {
        fail_batch(line_lock, Vec::new(), error);
    }
    record(mongo, line_lock, LineHead { seen_at: now, ..head }, &documents, &inserted);
    let versions =
        versions(mongo, documents.first().filter(|first| inserted.ids.contains(&first.id)), parent).await;
    answer(mongo, batch, documents, &inserted, &versions).await
}

/// Records the head of a line, and its first message.
fn record(
    mongo: &MongoEngine,
    line_lock: &mut LineLock<'_>,
    before: LineHead,
    documents: &[MessageDoc],
    inserted: &Inserted,
) {
    if let Some(last) = documents.iter().rfind(|document| inserted.ids.contains(&document.id)) {
        if matches!(inserted.rest, Rest::None) {
            let earliest_next = last.created_at.plus(MIN_TIME_STEP);
            line_lock.cache_head(LineHead { earliest_next, depth: last.depth, id: Some(last.id), ..before });
        }
        mongo.write_behind.record_head(last.as_last());
    }
    let first = documents.first().filter(|first| first.depth == before.fork_depth + 1);
    if let Some(first) = first.filter(|first| inserted.ids.contains(&first.id)) {
        mongo.write_behind.record_first(first.as_first());
    }
}

/// The version of the first message of a batch, if its parent may have forks. The parents of the others are new.
async fn versions(
    mongo: &MongoEngine,
    first: Option<&MessageDoc>,
    parent: Option<LoadResult<ForkedMessageLoader>>,
) -> Versions {
    let Some(first) = first else { return Versions::new() };
    let parent = parent.and_then(Result::ok).and_then(|parents| parents.into_values().next());
    if parent.is_some_and(|parent| parent.forked == Some(false)) {
        return Versions::new();
    }
    // The message is there, also if its version cannot be read.
    versions::of_messages(mongo, ReadingChat::Own, std::slice::from_ref(first)).await.unwrap_or_default()
}

/// Inserts several messages of one line: after one that is refused, none is inserted.
async fn insert_in_order(mongo: &MongoEngine, line: Line, documents: &[MessageDoc]) -> InsertOutcome {
    // At the same time: a deletion of the branch is either seen here, or sees the messages.
    let insert = mongo.messages.insert_many(documents).into_future();
    let (inserted, liveness) = futures_util::join!(insert, LineLiveness::read(&mongo.branches, [line]));
    InsertOutcome {
        written: inserted.map(drop).map_err(|error| FailedWrite::from(&error)),
        gone: liveness.map(|liveness| liveness.gone(line)),
    }
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
    FailedWrite { kind, error }: FailedWrite,
    deadline: &RetryDeadline,
) -> Inserted {
    let found = match kind {
        WriteError::Failed => Ok(HashSet::new()),
        WriteError::Duplicate | WriteError::Unknown => {
            deadline.confirm(find_inserted(mongo, documents)).await.flatten()
        }
    };
    match found {
        Ok(ids) if ids.len() == documents.len() => Inserted { ids, rest: Rest::None },
        Ok(ids) if kind == WriteError::Duplicate => Inserted { ids, rest: Rest::Raced },
        Ok(ids) => Inserted { ids, rest: Rest::Failed(error) },
        Err(_) => Inserted { ids: HashSet::new(), rest: Rest::Failed(error) },
    }
}

/// Those of these messages that are there as this insert stores them. An id that was given out before may be that of an equal request.
async fn find_inserted(mongo: &MongoEngine, documents: &[MessageDoc]) -> Result<HashSet<ResponseId>, Error> {
    let typed = mongo.messages.clone_with_type::<MessageHeader>();
    let found = typed.find(doc! {"_id": {"$in": texts(ids(documents))}}).projection(MessageHeader::fields());
    let found: Vec<_> = found.await?.try_collect().await?;
    // Another append may have confirmed an answer by then.
    let found: Vec<_> = found.into_iter().map(MessageHeader::confirmed).collect();
    let headers = documents.iter().map(|document| document.as_last().confirmed());
    Ok(headers.filter(|header| found.contains(header)).map(|header| header.id).collect())
}

/// Confirms an inserted answer, and deletes the inserted messages again if the branch was gone by then. If it can be restored they stay, as
/// others may have followed them by then, but for an answer that nothing has followed.
async fn confirm_or_undo(
    mongo: &MongoEngine,
    line: Line,
    documents: &[MessageDoc],
    inserted: &Inserted,
    gone: Result<Option<Gone>, Error>,
) -> Result<(), Error> {
    // It expects a head, so that it is alone.
    let answer = documents.iter().find(|one| one.provisional && inserted.ids.contains(&one.id));
    let Some(Gone { error, is_restorable }) = gone? else {
        return match answer {
            Some(answer) if !confirm(mongo, answer.id).await? => Err(Error::BranchNotFound),
            Some(_) | None => Ok(()),
        };
    };
    if is_restorable {
        return match answer {
            Some(answer) if !discard(mongo, line.owner, answer.id).await? => Ok(()),
            Some(_) | None => Err(error),
        };
    }
    let inserted = doc! {"_id": {"$in": texts(&inserted.ids)}, "branch": line.branch.to_string()};
    mongo.messages.delete_many(inserted).await?;
    Err(error)
}

/// Answers a batch. Returns the messages that lost the race against another replica.
async fn answer(
    mongo: &MongoEngine,
    batch: Vec<PendingAppend>,
    documents: Vec<MessageDoc>,
    inserted: &Inserted,
    versions: &Versions,
) -> Vec<PendingAppend> {
    let mut raced = Vec::new();
    for (pending, document) in batch.into_iter().zip(documents) {
        if inserted.ids.contains(&pending.id) {
            let version = versions.get(&pending.id).copied();
            pending.answer(Ok(Created::new(document.into_message(Forks::default()).with_version(version))));
        } else if let Rest::Failed(error) = &inserted.rest {
            pending.answer(Err(clone_error(error)));
        } else {
            raced.push(pending);
        }
    }
    answer_replays(mongo, raced).await
}

/// Answers the messages whose key or id an equal request has used, and returns the others. All are looked up at the same
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

pub(super) fn answer_all(batch: Vec<PendingAppend>, answer: impl Fn() -> Appended) -> Vec<PendingAppend> {
    for pending in batch {
        pending.answer(answer());
    }
    Vec::new()
}

/// Answers a batch with an error, and where the store is unavailable all that is queued for the line: one after the other
/// they would wait for seconds to be told the same.
pub(super) fn fail_batch(
    line_lock: &LineLock<'_>,
    mut batch: Vec<PendingAppend>,
    error: &Error,
) -> Vec<PendingAppend> {
    if is_unavailable(error) {
        batch.extend(line_lock.take_all());
    }
    answer_all(batch, || Err(clone_error(error)))
}

pub(super) async fn replay(mongo: &MongoEngine, new: &NewMessage) -> Result<Option<Message>, Error> {
    match (&new.request.key, new.request.id) {
        (Some(key), _) => mongo.replay_message(key).await,
        (None, Some(id)) => mongo.replay_answer(new.request.owner, id).await,
        (None, None) => Ok(None),
    }
}
