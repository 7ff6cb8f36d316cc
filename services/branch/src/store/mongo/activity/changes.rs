//! Changes of chats, by time.

use crate::domain::Order;
use crate::error::Error;
use crate::store::mongo::documents::fields::{micros, text};
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::time_ranges::TimeRanges;
use crate::store::{Change, ChangePosition, ChangeSource};
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::ChatId;
use uuid::Uuid;

/// The width of the first range of time, in microseconds: while nothing lags behind, one range is all.
const FIRST_RANGE_MICROS: i64 = 10 * 60 * 1_000_000;

/// A message or a branch, of which the index has all that is read.
#[derive(Debug, Deserialize)]
struct ChangeDoc {
    #[serde(rename = "_id", with = "text")]
    id: Uuid,
    #[serde(rename = "created_at", alias = "changed_at", with = "micros")]
    at: Timestamp,
    #[serde(alias = "root", with = "text")]
    chat: ChatId,
}

impl From<ChangeDoc> for Change {
    fn from(found: ChangeDoc) -> Self {
        Self { position: ChangePosition { at: found.at, id: found.id }, chat: found.chat }
    }
}

/// The collection of a source, and its fields for the time and the chat.
struct Fields {
    documents: Collection<ChangeDoc>,
    time: &'static str,
    chat: &'static str,
}

impl MongoEngine {
    pub(crate) async fn list_changes(
        &self,
        source: ChangeSource,
        after: ChangePosition,
        limit: usize,
    ) -> Result<Vec<Change>, Error> {
        let fields = match source {
            ChangeSource::Messages => {
                Fields { documents: self.messages.clone_with_type(), time: "created_at", chat: "chat" }
            }
            ChangeSource::Branches => {
                Fields { documents: self.branches.clone_with_type(), time: "changed_at", chat: "root" }
            }
        };
        let (mut from, mut found) = (after.at.as_micros(), Vec::new());
        if !after.is_before_all() {
            found = fields.first(from.into(), Some(after.id), limit).await?;
            from = from.saturating_add(1);
        }
        let ranges = TimeRanges::new(Order::Asc, Some(from.saturating_sub(1)), from, self.clock.now())
            .with_width(FIRST_RANGE_MICROS);
        let found =
            ranges.read(found, limit, |range, missing| fields.first(range.into(), None, missing)).await?;
        Ok(found.into_iter().map(Change::from).collect())
    }
}

impl Fields {
    /// The first documents of a time or a range of times, after an id.
    async fn first(&self, time: Bson, after: Option<Uuid>, limit: usize) -> Result<Vec<ChangeDoc>, Error> {
        let mut filter = Document::from_iter([(self.time.to_owned(), time)]);
        if let Some(after) = after {
            filter.insert("_id", doc! {"$gt": after.to_string()});
        }
        let found = self.documents.find(filter).sort(doc! {self.time: 1, "_id": 1});
        let found = found.projection(doc! {"_id": 1, self.time: 1, self.chat: 1});
        let found = found.limit(i64::try_from(limit).unwrap_or(i64::MAX));
        // One more, so that the cursor is exhausted by the first batch.
        Ok(found.batch_size(u32::try_from(limit + 1).unwrap_or(u32::MAX)).await?.try_collect().await?)
    }
}
