//! Messages of segments: of a long one, or of many short ones.

use crate::domain::{DepthRange, MAX_PAGE_BYTES, Order, Segment, count_fitting};
use crate::error::Error;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_forks;
use futures_util::future::try_join_all;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::Collection;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::ids::{ChatId, ResponseId};

/// Segments of one query, and queries at a time.
const SEGMENTS_PER_QUERY: usize = 16;
const MAX_CONCURRENT_QUERIES: usize = 4;
/// Messages without texts in a batch of a cursor: more than a page has.
const ENTRIES_PER_BATCH: u32 = 1_001;

/// Messages, and the forks of those whose ids were known before the read.
#[derive(Debug, Default)]
pub(crate) struct MessagesWithForks {
    pub(crate) messages: Vec<MessageDoc>,
    pub(crate) forks: message_forks::ForksByMessage,
    /// The message before the oldest, if it was read, too.
    pub(crate) parent: Option<MessageDoc>,
}

impl MessagesWithForks {
    /// Keeps the messages of these depths, and apart from them the parent of the oldest.
    pub(crate) fn retain(&mut self, depths: DepthRange) {
        let (messages, before): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.messages).into_iter().partition(|message| depths.from <= message.depth);
        self.messages = messages;
        self.parent = before.into_iter().find(|message| message.depth == depths.from - 1);
    }
}

/// Reads as many of these messages, on a line of this chat, as fit in a page: usually all, in one query, with the parent of the oldest.
/// The segments are those of the depths with the parent.
pub(crate) async fn read(
    mongo: &MongoEngine,
    chat: ChatId,
    segments: &[Segment],
    depths: DepthRange,
    order: Order,
) -> Result<(DepthRange, MessagesWithForks), Error> {
    if let Some(mut all) = read_small(mongo, chat, segments, depths.with_parent().len()).await? {
        all.retain(depths);
        check(all.messages.len(), depths)?;
        return Ok((depths, all));
    }
    let within = |depths: DepthRange| -> Vec<_> {
        segments.iter().filter_map(|segment| segment.intersection(depths)).collect()
    };
    let sizes = sizes(mongo, &within(depths), order).await?;
    check(sizes.len(), depths)?;
    let fitting = depths.first(order, i64::try_from(count_fitting(sizes)).unwrap_or(i64::MAX));
    let segments = within(fitting);
    let messages = all(&mongo.messages, &segments, None).await?;
    check(messages.len(), fitting)?;
    Ok((fitting, MessagesWithForks { messages, ..MessagesWithForks::default() }))
}

/// A line has no gaps: if messages are missing, it was deleted during the read.
fn check(found: usize, depths: DepthRange) -> Result<(), Error> {
    if i64::try_from(found) == Ok(depths.len()) { Ok(()) } else { Err(Error::BranchNotFound) }
}

/// Reads all of these messages, on a line of this chat, at most `most`. `None` if they do not fit in a page.
pub(crate) async fn read_small(
    mongo: &MongoEngine,
    chat: ChatId,
    segments: &[Segment],
    most: i64,
) -> Result<Option<MessagesWithForks>, Error> {
    let parts = filters(segments).into_iter().map(|filter| read_part(mongo, filter, most));
    // Short segments end at a message that has forks.
    let forked = known(segments);
    let (parts, forks) =
        futures_util::try_join!(try_join_all(parts), message_forks::of_ids(mongo, chat, &forked))?;
    let parts: Option<Vec<_>> = parts.into_iter().collect();
    let messages = parts.map(|parts| parts.into_iter().flatten().collect::<Vec<_>>());
    let fits = |messages: &Vec<MessageDoc>| {
        messages.iter().map(|message| message.text_bytes).sum::<i64>() <= MAX_PAGE_BYTES
    };
    Ok(messages.filter(fits).map(|messages| MessagesWithForks { messages, forks, parent: None }))
}

async fn read_part(
    mongo: &MongoEngine,
    filter: Document,
    most: i64,
) -> Result<Option<Vec<MessageDoc>>, Error> {
    // One more than there can be, so that the cursor is exhausted by the first batch.
    let batch = u32::try_from(most + 1).unwrap_or(u32::MAX);
    let mut cursor = mongo.messages.find(filter).batch_size(batch).await?;
    let (mut found, mut bytes) = (Vec::new(), 0);
    while let Some(message) = cursor.try_next().await? {
        bytes += message.text_bytes;
        if bytes > MAX_PAGE_BYTES {
            return Ok(None);
        }
        found.push(message);
    }
    Ok(Some(found))
}

/// The part of a message that decides whether it fits.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Size {
    depth: i64,
    text_bytes: i64,
}

/// The bytes of text of each message, in order.
async fn sizes(mongo: &MongoEngine, segments: &[Segment], order: Order) -> Result<Vec<i64>, Error> {
    let fields = doc! {"_id": 0, "depth": 1, "text_bytes": 1};
    let mut sizes: Vec<Size> = all(&mongo.messages.clone_with_type(), segments, Some(fields)).await?;
    match order {
        Order::Asc => sizes.sort_unstable_by_key(|size| size.depth),
        Order::Desc => sizes.sort_unstable_by_key(|size| std::cmp::Reverse(size.depth)),
    }
    Ok(sizes.into_iter().map(|size| size.text_bytes).collect())
}

/// These fields of all of these messages.
async fn all<T>(
    messages: &Collection<T>,
    segments: &[Segment],
    fields: Option<Document>,
) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let mut found = Vec::new();
    for filter in filters(segments) {
        let part = messages.find(filter).optional(fields.clone(), Find::projection).await?;
        found.extend(part.try_collect::<Vec<_>>().await?);
    }
    Ok(found)
}

/// These fields of all of these messages, in no order.
pub(crate) async fn read_fields<T>(
    messages: &Collection<T>,
    segments: &[Segment],
    fields: Document,
) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let part = async |filter: Document| -> Result<Vec<T>, Error> {
        // One more than a page can have, so that the cursor is exhausted by the first batch.
        let found = messages.find(filter).projection(fields.clone()).batch_size(ENTRIES_PER_BATCH);
        Ok(found.await?.try_collect().await?)
    };
    let parts = stream::iter(filters(segments)).map(part).buffer_unordered(MAX_CONCURRENT_QUERIES);
    parts.try_concat().await
}

/// The filters that together find all of these messages: one for known ids, the others for [`SEGMENTS_PER_QUERY`] segments
/// each.
fn filters(segments: &[Segment]) -> Vec<Document> {
    let known = known(segments);
    let others: Vec<_> =
        segments.iter().filter(|segment| segment.only_message.is_none()).map(lies_in).collect();
    let others = others.chunks(SEGMENTS_PER_QUERY).map(|part| match part {
        [one] => one.clone(),
        part => doc! {"$or": part},
    });
    let known =
        Some(known).filter(|known| !known.is_empty()).map(|known| doc! {"_id": {"$in": texts(known)}});
    known.into_iter().chain(others).collect()
}

fn known(segments: &[Segment]) -> Vec<ResponseId> {
    segments.iter().filter_map(|segment| segment.only_message).collect()
}

fn lies_in(segment: &Segment) -> Document {
    doc! {"branch": segment.branch.to_string(), "depth": {"$gte": segment.from, "$lte": segment.to}}
}
