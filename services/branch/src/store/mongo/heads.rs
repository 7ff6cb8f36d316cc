//! Where the heads of lines are.

use super::Mongo;
use super::documents::BranchDoc;
use super::fields::text;
use crate::error::Error;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::ids::{BranchId, ResponseId};
use std::collections::HashMap;

/// How many depths past a hint are looked at first.
const STRIDE: i64 = 64;
/// How many hints are followed in one query, and how many queries at once.
const CHUNK: usize = 300;
const AT_ONCE: usize = 4;

/// What of a message tells where a head is.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Top {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    depth: i64,
}

/// The depth and the id of the last message of a branch's line: its hint, followed as far as there are messages.
pub(super) async fn head(mongo: &Mongo, branch: &BranchDoc) -> Result<(i64, Option<ResponseId>), Error> {
    let (mut depth, mut id) = (branch.head_depth, branch.head);
    let mut stride = STRIDE;
    loop {
        // Both bounds are given: depths have no gaps, so nothing lies past an empty range.
        let range = doc! {"branch": branch.id.to_string(), "depth": {"$gt": depth, "$lte": depth + stride}};
        let typed = mongo.messages.clone_with_type::<Top>();
        let top = typed.find_one(range);
        let top = top.sort(doc! {"depth": -1}).projection(top_fields()).await?;
        let Some(top) = top else { return Ok((depth, id)) };
        let is_last = top.depth < depth + stride;
        (depth, id) = (top.depth, Some(top.id));
        if is_last {
            return Ok((depth, id));
        }
        stride *= 4;
    }
}

/// Follows the hints of many branches, and puts the heads in their place.
pub(super) async fn follow(mongo: &Mongo, branches: &mut [BranchDoc]) -> Result<(), Error> {
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
    doc! {"_id": 1, "branch": 1, "depth": 1}
}
