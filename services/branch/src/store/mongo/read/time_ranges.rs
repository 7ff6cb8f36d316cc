//! The oldest documents of an index, read in ranges of time with both bounds: not every server that speaks this protocol
//! stops at a `limit`, so that without bounds a page would cost as much as all documents.

use crate::error::Error;
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use serde::de::DeserializeOwned;
use shared::clock::Timestamp;

/// The width of the first range, in microseconds.
const FIRST_RANGE_MICROS: i64 = 100_000;

/// Reads the oldest documents that match `equal`, from a time on. The ranges widen, eightfold after an empty one and twofold
/// after others; the last is unbounded, once `now` is reached.
pub(crate) async fn oldest<T>(
    collection: &Collection<T>,
    equal: &Document,
    from: i64,
    now: Timestamp,
    count: usize,
) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let (mut begin, mut width) = (from, FIRST_RANGE_MICROS);
    let mut found = Vec::new();
    while found.len() < count {
        let end = Some(begin.saturating_add(width)).filter(|end| *end <= now.as_micros()).unwrap_or(i64::MAX);
        let mut range = equal.clone();
        range.insert("created_at", doc! {"$gte": begin, "$lt": end});
        let before = found.len();
        found.extend(sorted(collection, range, count - before).await?);
        if end == i64::MAX {
            break;
        }
        begin = end;
        width = width.saturating_mul(if found.len() == before { 8 } else { 2 });
    }
    Ok(found)
}

async fn sorted<T>(collection: &Collection<T>, filter: Document, count: usize) -> Result<Vec<T>, Error>
where
    T: DeserializeOwned + Unpin + Send + Sync,
{
    let found = collection.find(filter).sort(doc! {"created_at": 1, "_id": 1});
    let found = found.limit(i64::try_from(count).unwrap_or(i64::MAX));
    // One more, so that the cursor is exhausted by the first batch.
    Ok(found.batch_size(u32::try_from(count + 1).unwrap_or(u32::MAX)).await?.try_collect().await?)
}
