//! Fills in the previews of messages that an older version of the program has stored, in steps so small that nobody waits.
//!
//! A watermark in the collection `schema` goes over the ids of messages, which begin with a time (UUID version 7), and stops a day after
//! it began: until then an older version may run beside. A step that is repeated, or taken by two replicas, changes nothing more.

use crate::error::Error;
use crate::store::mongo::client::errors::{WriteError, write_error};
use crate::store::mongo::client::update_command::{statement, update_repeatably};
use crate::store::mongo::documents::fields::text;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::previews;
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};
use std::time::Duration;
use uuid::{Builder, Uuid};

/// Messages of one step.
const MESSAGES_PER_STEP: usize = 200;
/// Texts of one step, unless one message alone has more.
const TEXT_BYTES_PER_STEP: i64 = 16 << 20;
/// The longest time for which an older version of the program runs beside this one.
const UPGRADE_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest time between the making of a message's id and its insert.
const MAX_INSERT_DELAY: Duration = Duration::from_secs(60);
/// The width of the first range of ids.
const FIRST_RANGE_MILLIS: i64 = 24 * 60 * 60 * 1_000;
/// The least that is left to go over, unless the watermark stops there.
const MIN_RANGE_MILLIS: i64 = 60 * 1_000;
/// The factor by which a range grows after an empty one.
const RANGE_GROWTH: i64 = 64;
/// The id of the watermark's document.
const WATERMARK: &str = "previews";

/// The progress of the filling in of previews.
#[derive(Debug, Deserialize)]
struct Watermark {
    /// The id up to which they are.
    after: String,
    /// The width of the next range: both bounds are given, as not every server stops at a `limit`.
    width_millis: i64,
    /// The time at which the watermark stops, in milliseconds.
    until_millis: i64,
}

#[derive(Debug, Deserialize)]
struct SeenMessage {
    #[serde(rename = "_id", with = "text")]
    id: ResponseId,
    #[serde(with = "text")]
    branch: BranchId,
    text_bytes: i64,
    question_preview: Option<String>,
}

/// Takes the next step. False if all messages have their previews.
pub(super) async fn fill_in_previews(mongo: &MongoEngine, now: Timestamp) -> Result<bool, Error> {
    let schema = mongo.database.collection::<Document>("schema");
    let found = schema.clone_with_type::<Watermark>().find_one(doc! {"_id": WATERMARK}).await?;
    let Some(watermark) = found else { return begin(&schema, now).await };
    let from = time_of(&watermark.after);
    let last = millis(now.minus(MAX_INSERT_DELAY)).min(watermark.until_millis);
    let to = from.saturating_add(watermark.width_millis).min(last);
    // The clock goes on: without a least width, each step would be followed by another.
    if to <= from || (last < from.saturating_add(MIN_RANGE_MILLIS) && last < watermark.until_millis) {
        return Ok(false);
    }
    let range = doc! {"_id": {"$gt": &watermark.after, "$lt": first_id_at(to)}};
    let seen = messages(mongo, range).await?;
    let taken = count_taken(&seen);
    let step = seen.get(..taken).unwrap_or_default();
    fill_in(mongo, step).await?;
    let is_whole = taken == seen.len() && seen.len() < MESSAGES_PER_STEP;
    let (after, width) = match step.last() {
        Some(last) if !is_whole => (last.id.to_string(), (watermark.width_millis / 2).max(1)),
        Some(_) => (first_id_at(to), watermark.width_millis),
        None => (first_id_at(to), watermark.width_millis.saturating_mul(RANGE_GROWTH)),
    };
    let change = doc! {"$max": {"after": after}, "$set": {"width_millis": width}};
    schema.update_one(doc! {"_id": WATERMARK}, change).await?;
    Ok(true)
}

/// Inserts the watermark, unless another replica has.
async fn begin(schema: &Collection<Document>, now: Timestamp) -> Result<bool, Error> {
    let watermark = doc! {
        "_id": WATERMARK, "after": first_id_at(0), "width_millis": FIRST_RANGE_MILLIS,
        "until_millis": millis(now.plus(UPGRADE_TIME)),
    };
    match schema.insert_one(watermark).await {
        Ok(_) => Ok(true),
        Err(error) if write_error(&error) == WriteError::Duplicate => Ok(true),
        Err(error) => Err(error.into()),
    }
}

async fn messages(mongo: &MongoEngine, range: Document) -> Result<Vec<SeenMessage>, Error> {
    let typed = mongo.messages.clone_with_type::<SeenMessage>();
    let found = typed.find(range).sort(doc! {"_id": 1});
    let found = found.limit(i64::try_from(MESSAGES_PER_STEP).unwrap_or(i64::MAX));
    let fields = doc! {"_id": 1, "branch": 1, "text_bytes": 1, "question_preview": 1};
    Ok(found.projection(fields).await?.try_collect().await?)
}

/// The number of these messages that a step takes: one at least.
fn count_taken(seen: &[SeenMessage]) -> usize {
    let mut bytes_before = 0;
    let fits = |message: &&SeenMessage| {
        let fits = bytes_before < TEXT_BYTES_PER_STEP;
        bytes_before += if message.question_preview.is_none() { message.text_bytes } else { 0 };
        fits
    };
    seen.iter().take_while(fits).count()
}

async fn fill_in(mongo: &MongoEngine, seen: &[SeenMessage]) -> Result<(), Error> {
    let missing: Vec<_> = seen.iter().filter(|message| message.question_preview.is_none()).collect();
    let ids: Vec<_> = missing.iter().map(|message| message.id).collect();
    let mut previews = previews::compute(mongo, &ids).await?;
    let fill = |message: &&SeenMessage| {
        let previews = previews.remove(&message.id)?;
        // Not where they were scrubbed meanwhile.
        let unscrubbed = doc! {
            "_id": message.id.to_string(), "branch": message.branch.to_string(), "text_bytes": {"$gt": 0_i64},
        };
        let previews = doc! {"question_preview": previews.question, "response_preview": previews.response};
        Some(statement(unscrubbed, doc! {"$set": previews}))
    };
    let statements: Vec<_> = missing.iter().filter_map(fill).collect();
    if statements.is_empty() {
        return Ok(());
    }
    update_repeatably(&mongo.database, "messages", statements).await?.into_result()
}

const fn millis(time: Timestamp) -> i64 {
    time.as_micros() / 1_000
}

/// The least id that is made at a time.
fn first_id_at(millis: i64) -> String {
    let millis = u64::try_from(millis).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid().to_string()
}

/// The time at which an id was made, in milliseconds.
fn time_of(id: &str) -> i64 {
    let time = Uuid::try_parse(id).ok().and_then(|id| id.get_timestamp()).map(|time| time.to_unix());
    let millis = time.map(|(seconds, nanos)| seconds * 1_000 + u64::from(nanos / 1_000_000));
    millis.and_then(|millis| i64::try_from(millis).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_bounded_by_their_time() {
        for millis in [0, 1, 1_764_410_000_123] {
            assert_eq!(time_of(&first_id_at(millis)), millis);
        }
        let id = ResponseId::generate().to_string();
        assert!(first_id_at(time_of(&id)) <= id && id < first_id_at(time_of(&id) + 1));
    }
}
