//! Messages of ranges of depths: one long range, or many short ones.

use crate::domain::{DepthRange, MAX_PAGE_BYTES, Order, Segment, fitting};
use crate::error::Error;
use crate::store::mongo::content::Mongo;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::message_forks;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::Collection;
use mongodb::action::{Action as _, Find};
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use shared::ids::ResponseId;

/// Ranges of one query.
const RANGES_PER_QUERY: usize = 16;

/// Messages, and the forks of those whose ids were known before.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) messages: Vec<MessageDoc>,
    pub(crate) forks: message_forks::ForksByMessage,
}

/// Reads as many of these messages as fit in a page: usually all, in one query.
pub(crate) async fn read(
    mongo: &Mongo,
    ranges: &[Segment],
    stretch: DepthRange,
    order: Order,
) -> Result<(DepthRange, Found), Error> {
    if let Some(all) = read_small(mongo, ranges, stretch.len()).await? {
        check(all.messages.len(), stretch)?;
        return Ok((stretch, all));
    }
    let sizes = sizes(mongo, ranges, order).await?;
    check(sizes.len(), stretch)?;
    let fitting = stretch.first(order, i64::try_from(fitting(sizes)).unwrap_or(i64::MAX));
    let ranges: Vec<_> = ranges.iter().filter_map(|range| range.within(fitting)).collect();
    let messages = all(&mongo.messages, &ranges, None).await?;
    check(messages.len(), fitting)?;
    Ok((fitting, Found { messages, ..Found::default() }))
}

/// A line has no gaps: if messages are missing, it was deleted during the read.
fn check(found: usize, stretch: DepthRange) -> Result<(), Error> {
    if i64::try_from(found) == Ok(stretch.len()) { Ok(()) } else { Err(Error::BranchNotFound) }
}

/// Reads all of these messages, at most `most`. `None` if they do not fit in a page.
pub(crate) async fn read_small(mongo: &Mongo, ranges: &[Segment], most: i64) -> Result<Option<Found>, Error> {
    let parts = filters(ranges).into_iter().map(|filter| read_part(mongo, filter, most));
    // Short segments end at a message that has forks.
    let forked = known(ranges);
    let (parts, forks) = futures_util::try_join!(try_join_all(parts), message_forks::of_ids(mongo, &forked))?;
    let parts: Option<Vec<_>> = parts.into_iter().collect();
    let messages = parts.map(|parts| parts.into_iter().flatten().collect::<Vec<_>>());
    let fits = |messages: &Vec<MessageDoc>| {
        messages.iter().map(|message| message.text_bytes).sum::<i64>() <= MAX_PAGE_BYTES
    };
    Ok(messages.filter(fits).map(|messages| Found { messages, forks }))
}

async fn read_part(mongo: &Mongo, filter: Document, most: i64) -> Result<Option<Vec<MessageDoc>>, Error> {
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
async fn sizes(mongo: &Mongo, ranges: &[Segment], order: Order) -> Result<Vec<i64>, Error> {
    let fields = doc! {"_id": 0, "depth": 1, "text_bytes": 1};
    let mut sizes: Vec<Size> = all(&mongo.messages.clone_with_type(), ranges, Some(fields)).await?;
    match order {
        Order::Asc => sizes.sort_unstable_by_key(|size| size.depth),
        Order::Desc => sizes.sort_unstable_by_key(|size| std::cmp::Reverse(size.depth)),
    }
    Ok(sizes.into_iter().map(|size| size.text_bytes).collect())
}

/// These fields of all of these messages.
async fn all<T>(
    messages: &Collection<T>,
    ranges: &[Segment],
    fields: Option<Document>,
) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let mut found = Vec::new();
    for filter in filters(ranges) {
        let part = messages.find(filter).optional(fields.clone(), Find::projection).await?;
        found.extend(part.try_collect::<Vec<_>>().await?);
    }
    Ok(found)
}

/// The filters that together find all of these messages: one for known ids, the others for [`RANGES_PER_QUERY`] ranges
/// each.
fn filters(ranges: &[Segment]) -> Vec<Document> {
    let known = known(ranges);
    let others: Vec<_> = ranges.iter().filter(|range| range.only.is_none()).map(lies_in).collect();
    let others = others.chunks(RANGES_PER_QUERY).map(|part| match part {
        [one] => one.clone(),
        part => doc! {"$or": part},
    });
    let known =
        Some(known).filter(|known| !known.is_empty()).map(|known| doc! {"_id": {"$in": texts(known)}});
    known.into_iter().chain(others).collect()
}

fn known(ranges: &[Segment]) -> Vec<ResponseId> {
    ranges.iter().filter_map(|range| range.only).collect()
}

fn lies_in(range: &Segment) -> Document {
    doc! {"branch": range.branch.to_string(), "depth": {"$gte": range.from, "$lte": range.to}}
}
