//! The first and the last messages of branches, where their documents have no hints of them: of branches of an older version, after a
//! crash, and shortly after an append.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{micros, text, texts};
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::documents::own_messages::FirstMessage;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_headers::{BranchDepth, lie_at};
use crate::store::mongo::read::previews;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::bson::doc;
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use std::collections::HashMap;

/// Branches of one query, and queries at a time.
const BRANCHES_PER_QUERY: usize = 300;
const MAX_CONCURRENT_QUERIES: usize = 4;

/// Adds what is missing to branches whose hints of heads were followed, and writes it behind the answer.
pub(crate) async fn complete(mongo: &MongoEngine, branches: &mut [BranchDoc]) -> Result<(), Error> {
    let is_incomplete = |branch: &&mut BranchDoc| {
        branch.has_messages() && (branch.first.is_none() || branch.head_time().is_none())
    };
    let mut incomplete: Vec<_> = branches.iter_mut().filter(is_incomplete).collect();
    let mut chunks = Vec::new();
    for chunk in incomplete.chunks_mut(BRANCHES_PER_QUERY) {
        chunks.push(complete_chunk(mongo, chunk));
    }
    stream::iter(chunks).buffer_unordered(MAX_CONCURRENT_QUERIES).try_collect().await
}

/// Adds the times of heads that are missing to branches whose hints of heads were followed, and writes nothing.
pub(crate) async fn add_head_times(mongo: &MongoEngine, branches: &mut [BranchDoc]) -> Result<(), Error> {
    let is_incomplete = |branch: &&mut BranchDoc| branch.has_messages() && branch.head_time().is_none();
    let mut incomplete: Vec<_> = branches.iter_mut().filter(is_incomplete).collect();
    for chunk in incomplete.chunks_mut(BRANCHES_PER_QUERY) {
        let lasts = last_messages(mongo, chunk).await?;
        for branch in chunk {
            if let Some(last) = branch.head.and_then(|head| lasts.get(&head)) {
                branch.set_last(last);
            }
        }
    }
    Ok(())
}

async fn complete_chunk(mongo: &MongoEngine, chunk: &mut [&mut BranchDoc]) -> Result<(), Error> {
    let seen = &*chunk;
    let (mut firsts, mut lasts) =
        futures_util::try_join!(first_messages(mongo, seen), last_messages(mongo, seen))?;
    for branch in chunk {
        if let Some(first) = firsts.remove(&branch.id) {
            mongo.write_behind.record_first(first.clone());
            branch.set_first(first);
        }
        if let Some(last) = branch.head.and_then(|head| lasts.remove(&head)) {
            mongo.write_behind.record_head(last);
            branch.set_last(&last);
        }
    }
    Ok(())
}

#[derive(Debug, Deserialize)]
struct FirstMessageDoc {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    #[serde(with = "micros")]
    created_at: Timestamp,
    question_preview: Option<String>,
}

/// The first messages of those branches that have no hint.
async fn first_messages(
    mongo: &MongoEngine,
    chunk: &[&mut BranchDoc],
) -> Result<HashMap<BranchId, FirstMessage>, Error> {
    let without = chunk.iter().filter(|branch| branch.first.is_none());
    let filters = lie_at(without.map(|branch| BranchDepth::of(branch, branch.fork_depth + 1)));
    if filters.is_empty() {
        return Ok(HashMap::new());
    }
    let typed = mongo.messages.clone_with_type::<FirstMessageDoc>();
    let found = typed.find(doc! {"$or": filters});
    let found = found.projection(doc! {"_id": 1, "branch": 1, "created_at": 1, "question_preview": 1});
    let found: Vec<FirstMessageDoc> = found.await?.try_collect().await?;
    let old: Vec<_> =
        found.iter().filter(|first| first.question_preview.is_none()).map(|first| first.id).collect();
    let mut computed = previews::compute(mongo, &old).await?;
    let first_message = |found: FirstMessageDoc| {
        let FirstMessageDoc { id, branch, created_at, question_preview } = found;
        let preview = question_preview.or_else(|| Some(computed.remove(&id)?.question));
        (branch, FirstMessage { id, branch, created_at, preview: preview.unwrap_or_default() })
    };
    Ok(found.into_iter().map(first_message).collect())
}

/// The heads of those branches whose time is not known.
async fn last_messages(
    mongo: &MongoEngine,
    chunk: &[&mut BranchDoc],
) -> Result<HashMap<ResponseId, MessageHeader>, Error> {
    let without = chunk.iter().filter(|branch| branch.head_time().is_none());
    let heads: Vec<_> = without.filter_map(|branch| branch.head).collect();
    if heads.is_empty() {
        return Ok(HashMap::new());
    }
    let typed = mongo.messages.clone_with_type::<MessageHeader>();
    let found = typed.find(doc! {"_id": {"$in": texts(heads)}}).projection(MessageHeader::fields());
    Ok(found.await?.map_ok(|last| (last.id, last)).try_collect().await?)
}
