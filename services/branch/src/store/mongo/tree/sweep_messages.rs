//! The messages behind tombstones: some are deleted, and those with an idempotency key scrubbed.

use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use std::collections::HashSet;

/// Deletes messages that match a filter, at most `count`, and scrubs those with a key. False if there are none. They are read
/// first: not every server of this protocol uses an index for a write of several ranges.
pub(crate) async fn delete_or_scrub(
    mongo: &MongoEngine,
    filter: Document,
    count: i64,
) -> Result<bool, Error> {
    let found = find_messages(mongo, filter, count).await?;
    let is_any = !found.is_empty();
    let (keyed, plain): (Vec<_>, Vec<_>) = found.into_iter().partition(|message| message.key_id.is_some());
    if !plain.is_empty() {
        mongo.messages.delete_many(by_ids(plain)).await?;
    }
    if !keyed.is_empty() {
        mongo.messages.update_many(by_ids(keyed), scrub_update()).await?;
    }
    Ok(is_any)
}

fn scrub_update() -> Document {
    doc! {
        "$set": {
            "question": "", "response": "", "metadata": "{}", "text_bytes": 0_i64,
            "question_preview": "", "response_preview": "",
        },
        "$unset": {"generation": "", "input_items": "", "output_items": ""},
    }
}

/// The part of a message that decides whether it is deleted or scrubbed.
#[derive(Debug, Deserialize)]
pub(crate) struct MessageToDelete {
    #[serde(rename = "_id")]
    id: String,
    branch: String,
    key_id: Option<String>,
}

/// Messages that match a filter, at most `count`.
pub(crate) async fn find_messages(
    mongo: &MongoEngine,
    filter: Document,
    count: i64,
) -> Result<Vec<MessageToDelete>, Error> {
    let typed = mongo.messages.clone_with_type::<MessageToDelete>();
    let fields = doc! {"_id": 1, "branch": 1, "key_id": 1};
    Ok(typed.find(filter).projection(fields).limit(count).await?.try_collect().await?)
}

/// A filter for these messages. It names their branches, the shard key of a sharded collection.
pub(crate) fn by_ids(messages: Vec<MessageToDelete>) -> Document {
    let branches: HashSet<_> = messages.iter().map(|message| message.branch.clone()).collect();
    let ids: Vec<_> = messages.into_iter().map(|message| message.id).collect();
    doc! {"_id": {"$in": ids}, "branch": {"$in": branches.into_iter().collect::<Vec<_>>()}}
}
