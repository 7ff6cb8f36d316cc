//! The previews of messages that have none stored: computed from their texts.

use crate::domain::Previews;
use crate::error::Error;
use crate::store::mongo::documents::fields::{text, texts};
use crate::store::mongo::engine::MongoEngine;
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use serde::Deserialize;
use shared::ids::ResponseId;
use std::collections::HashMap;

/// Messages whose texts are in memory at a time.
const MESSAGES_PER_BATCH: u32 = 8;

#[derive(Debug, Deserialize)]
struct Texts {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    question: String,
    response: String,
}

/// Computes the previews of these messages.
pub(crate) async fn compute(
    mongo: &MongoEngine,
    ids: &[ResponseId],
) -> Result<HashMap<ResponseId, Previews>, Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let typed = mongo.messages.clone_with_type::<Texts>();
    let found = typed.find(doc! {"_id": {"$in": texts(ids)}}).batch_size(MESSAGES_PER_BATCH);
    let found = found.projection(doc! {"_id": 1, "question": 1, "response": 1}).await?;
    Ok(found.map_ok(|of| (of.id, Previews::of(&of.question, &of.response))).try_collect().await?)
}
