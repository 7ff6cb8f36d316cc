//! Heads of lines: found from a hint by exponential search (Bentley and Yao, 1976), as depths have no gaps.

use crate::domain::MIN_TIME_STEP;
use crate::error::Error;
use crate::store::mongo::append::provisional::confirm;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_headers::{BranchDepth, headers_at};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::bson::doc;
use shared::clock::Timestamp;
use shared::ids::ResponseId;
use std::collections::HashMap;

/// The first stride of the search, in depths. It grows fourfold with each step.
const FIRST_STRIDE_DEPTHS: i64 = 64;
/// Hints followed by one query, and queries at a time.
const HINTS_PER_QUERY: usize = 300;
const MAX_CONCURRENT_QUERIES: usize = 4;

/// The depth and the id of the head of a line.
pub(crate) async fn head(
    mongo: &MongoEngine,
    branch: &BranchDoc,
) -> Result<(i64, Option<ResponseId>), Error> {
    let hint = (branch.head_depth, branch.head);
    Ok(last_message(mongo, branch)
        .await?
        .map_or(hint, |last_message| (last_message.depth, Some(last_message.id))))
}

/// Replaces the hint of a branch by its head.
pub(crate) async fn follow_hint(mongo: &MongoEngine, branch: &mut BranchDoc) -> Result<(), Error> {
    if let Some(last_message) = last_message(mongo, branch).await? {
        branch.set_last(&last_message);
    }
    Ok(())
}

/// The head of a line, which a message is to follow, and the earliest time of that: times rise along a line, whatever the clocks of
/// replicas say.
pub(crate) async fn head_to_follow(
    mongo: &MongoEngine,
    branch: &BranchDoc,
) -> Result<(i64, Option<ResponseId>, Timestamp), Error> {
    let after = |created_at: Timestamp| branch.created_at.max(created_at.plus(MIN_TIME_STEP));
    while let Some(last_message) = last_message(mongo, branch).await? {
        if last_message.provisional && !confirm(mongo, last_message.id).await? {
            continue;
        }
        return Ok((last_message.depth, Some(last_message.id), after(last_message.created_at)));
    }
    // A fork without messages of its own: its head lies on another branch.
    let earliest = match branch.head {
        Some(head) => {
            let typed = mongo.messages.clone_with_type::<MessageHeader>();
            let found =
                typed.find_one(doc! {"_id": head.to_string()}).projection(MessageHeader::fields()).await?;
            found.map_or(branch.created_at, |found| after(found.created_at))
        }
        None => branch.created_at,
    };
    Ok((branch.head_depth, branch.head, earliest))
}

/// The last message that a branch owns, if it owns any, searched from its hint.
async fn last_message(mongo: &MongoEngine, branch: &BranchDoc) -> Result<Option<MessageHeader>, Error> {
    let (mut depth, mut stride, mut last) = (branch.head_depth, FIRST_STRIDE_DEPTHS, None);
    loop {
        // With both bounds, as not every server stops early. Nothing lies past an empty range.
        let range = doc! {"branch": branch.id.to_string(), "depth": {"$gte": depth, "$lte": depth + stride}};
        let typed = mongo.messages.clone_with_type::<MessageHeader>();
        let last_message = typed.find_one(range);
        let last_message = last_message.sort(doc! {"depth": -1}).projection(MessageHeader::fields()).await?;
        last = last_message.or(last);
        match last_message {
            Some(last_message) if last_message.depth == depth + stride => depth = last_message.depth,
            _ => return Ok(last),
        }
        stride *= 4;
    }
}

/// Replaces the hints of many branches by their heads.
pub(crate) async fn follow_hints(mongo: &MongoEngine, branches: &mut [BranchDoc]) -> Result<(), Error> {
    let mut chunks = Vec::new();
    for chunk in branches.chunks_mut(HINTS_PER_QUERY) {
        chunks.push(follow_chunk(mongo, chunk));
    }
    stream::iter(chunks).buffer_unordered(MAX_CONCURRENT_QUERIES).try_collect().await
}

async fn follow_chunk(mongo: &MongoEngine, chunk: &mut [BranchDoc]) -> Result<(), Error> {
    // The messages after the hints.
    let past = chunk.iter().map(|branch| BranchDepth::of(branch, branch.head_depth + 1));
    let past = headers_at(mongo, past).await?;
    let mut past: HashMap<_, _> =
        past.into_iter().map(|last_message| (last_message.branch, last_message)).collect();
    for branch in chunk {
        if let Some(last_message) = past.remove(&branch.id) {
            branch.set_last(&last_message);
            follow_hint(mongo, branch).await?;
        }
    }
    Ok(())
}
