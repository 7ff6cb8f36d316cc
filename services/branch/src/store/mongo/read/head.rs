//! Where the heads of lines are.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::fields::{micros, text};
use crate::store::mongo::engine::Mongo;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use std::collections::HashMap;
use std::time::Duration;

/// How many depths past a hint are looked at first.
const STRIDE: i64 = 64;
/// How many hints are followed in one query, and how many queries at once.
const CHUNK: usize = 300;
const AT_ONCE: usize = 4;
/// By how much a message is later than the one before, at least: what a time is kept to.
pub(crate) const TICK: Duration = Duration::from_micros(1);

/// What of a message tells where a head is.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Top {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    depth: i64,
    #[serde(with = "micros")]
    created_at: Timestamp,
}

/// The depth and the id of the last message of a branch's line: its hint, followed as far as there are messages.
pub(crate) async fn head(mongo: &Mongo, branch: &BranchDoc) -> Result<(i64, Option<ResponseId>), Error> {
    let hint = (branch.head_depth, branch.head);
    Ok(top(mongo, branch).await?.map_or(hint, |top| (top.depth, Some(top.id))))
}

/// The same, with the earliest time that a message after it may have: times rise along a line, whatever the clocks of
/// replicas say.
pub(crate) async fn head_in_time(
    mongo: &Mongo,
    branch: &BranchDoc,
) -> Result<(i64, Option<ResponseId>, Timestamp), Error> {
    let after = |created_at: Timestamp| branch.created_at.max(created_at.plus(TICK));
    if let Some(top) = top(mongo, branch).await? {
        return Ok((top.depth, Some(top.id), after(top.created_at)));
    }
    // A fork without messages of its own: the one that it forked from lies on another branch.
    let earliest = match branch.head {
        Some(head) => {
            let typed = mongo.messages.clone_with_type::<Top>();
            let found = typed.find_one(doc! {"_id": head.to_string()}).projection(top_fields()).await?;
            found.map_or(branch.created_at, |found| after(found.created_at))
        }
        None => branch.created_at,
    };
    Ok((branch.head_depth, branch.head, earliest))
}

/// The last message that a branch owns, if it owns any: that of its hint, or the last one past it.
async fn top(mongo: &Mongo, branch: &BranchDoc) -> Result<Option<Top>, Error> {
    let (mut depth, mut stride, mut last) = (branch.head_depth, STRIDE, None);
    loop {
        // Both bounds are given: depths have no gaps, so nothing lies past an empty range.
        let range = doc! {"branch": branch.id.to_string(), "depth": {"$gte": depth, "$lte": depth + stride}};
        let typed = mongo.messages.clone_with_type::<Top>();
        let top = typed.find_one(range);
        let top = top.sort(doc! {"depth": -1}).projection(top_fields()).await?;
        last = top.or(last);
        match top {
            Some(top) if top.depth == depth + stride => depth = top.depth,
            _ => return Ok(last),
        }
        stride *= 4;
    }
}

/// Follows the hints of many branches, and puts the heads in their place.
pub(crate) async fn follow(mongo: &Mongo, branches: &mut [BranchDoc]) -> Result<(), Error> {
    let mut chunks = Vec::new();
    for chunk in branches.chunks_mut(CHUNK) {
        chunks.push(follow_chunk(mongo, chunk));
    }
    stream::iter(chunks).buffer_unordered(AT_ONCE).try_collect().await
}

async fn follow_chunk(mongo: &Mongo, chunk: &mut [BranchDoc]) -> Result<(), Error> {
    let next =
        chunk.iter().map(|branch| doc! {"branch": branch.id.to_string(), "depth": branch.head_depth + 1});
    let past = doc! {"$or": next.collect::<Vec<_>>()};
    let typed = mongo.messages.clone_with_type::<Top>();
    let past = typed.find(past).projection(top_fields());
    let past: Vec<Top> = past.await?.try_collect().await?;
    let mut past: HashMap<_, _> = past.into_iter().map(|top| (top.branch, top)).collect();
    for branch in chunk {
        if let Some(top) = past.remove(&branch.id) {
            (branch.head_depth, branch.head) = (top.depth, Some(top.id));
            (branch.head_depth, branch.head) = head(mongo, branch).await?;
        }
    }
    Ok(())
}

fn top_fields() -> Document {
    doc! {"_id": 1, "branch": 1, "depth": 1, "created_at": 1}
}
