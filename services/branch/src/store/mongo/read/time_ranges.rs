//! Documents by time, read in ranges with both bounds: not every server that speaks this protocol stops at a `limit`, so that
//! without bounds a page would cost as much as all documents.

use crate::domain::Order;
use crate::error::Error;
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::{Document, doc};
use serde::de::DeserializeOwned;
use shared::clock::Timestamp;

/// The width of the first range where nothing is known of the documents, in microseconds.
const FIRST_RANGE_MICROS: i64 = 100_000;
/// The least width of a first range that follows from how many documents there are, in microseconds.
const MIN_RANGE_MICROS: i64 = 1_000;
/// The largest factor by which a range is wider than the one before.
const MAX_WIDENING: usize = 8;

/// Ranges of time that follow each other in an order. They widen, eightfold after an empty one, and after others as much as what was
/// found lets expect, at least twofold; the last is unbounded.
#[derive(Debug)]
pub(crate) struct TimeRanges {
    order: Order,
    /// The bound at which the next range begins, in microseconds.
    bound: i64,
    /// The time from which its width counts.
    edge: i64,
    /// The time beyond which a range is the last one.
    last: i64,
    width: i64,
    is_done: bool,
}

impl TimeRanges {
    /// The ranges after a time, or from one end on. Times lie between `oldest` and now, but for those of other clocks.
    pub(crate) const fn new(order: Order, after: Option<i64>, oldest: i64, now: Timestamp) -> Self {
        let now = now.as_micros();
        let (bound, edge, last) = match (order, after) {
            (Order::Asc, None) => (i64::MIN, oldest, now),
            (Order::Asc, Some(after)) => (after.saturating_add(1), after, now),
            (Order::Desc, None) => (i64::MAX, now, oldest),
            (Order::Desc, Some(after)) => (after, after, oldest),
        };
        Self { order, bound, edge, last, width: FIRST_RANGE_MICROS, is_done: false }
    }

    /// The same ranges, of which the first is so wide, in microseconds.
    pub(crate) fn with_width(self, width: i64) -> Self {
        Self { width: width.max(MIN_RANGE_MICROS), ..self }
    }

    /// Reads the documents of one range after the other, after those that are found already, until there are `count`. `read` gets the
    /// condition of a range, and how many documents are missing.
    pub(crate) async fn read<T, R>(
        mut self,
        mut found: Vec<T>,
        count: usize,
        read: impl Fn(Document, usize) -> R,
    ) -> Result<Vec<T>, Error>
    where
        R: Future<Output = Result<Vec<T>, Error>>,
    {
        while found.len() < count
            && let Some(range) = self.next_range()
        {
            let more = read(range, count - found.len()).await?;
            let number = more.len();
            found.extend(more);
            self.widen(number, count - found.len());
        }
        Ok(found)
    }

    /// The condition for the next range; none after the last.
    fn next_range(&mut self) -> Option<Document> {
        if self.is_done {
            return None;
        }
        let (begin, edge) = (self.bound, self.edge);
        match self.order {
            Order::Asc => {
                let end = Some(edge.saturating_add(self.width)).filter(|end| *end <= self.last);
                self.is_done = end.is_none();
                self.bound = end.unwrap_or(i64::MAX);
                self.edge = self.bound;
                Some(doc! {"$gte": begin, "$lt": self.bound})
            }
            Order::Desc => {
                let end = Some(edge.saturating_sub(self.width)).filter(|end| *end >= self.last);
                self.is_done = end.is_none_or(|end| end == i64::MIN);
                self.bound = end.unwrap_or(i64::MIN);
                self.edge = self.bound;
                Some(doc! {"$gte": self.bound, "$lt": begin})
            }
        }
    }

    /// Widens the ranges after one that was read, of so many documents, if so many are missing then.
    fn widen(&mut self, found: usize, missing: usize) {
        let factor = missing.checked_div(found).map_or(MAX_WIDENING, |factor| factor.clamp(2, MAX_WIDENING));
        self.width = self.width.saturating_mul(i64::try_from(factor).unwrap_or(i64::MAX));
    }
}

/// Reads the oldest documents that match `equal`, from a time on.
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
    let ranges = TimeRanges::new(Order::Asc, Some(from.saturating_sub(1)), from, now);
    let read = |range, missing| {
        let mut filter = equal.clone();
        filter.insert("created_at", range);
        sorted(collection, filter, missing)
    };
    ranges.read(Vec::new(), count, read).await
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

#[cfg(test)]
mod tests {
    use super::*;

    /// All ranges, as (from, to).
    fn ranges(mut ranges: TimeRanges) -> Vec<(i64, i64)> {
        let mut all = Vec::new();
        while let Some(range) = ranges.next_range() {
            all.push((range.get_i64("$gte").unwrap(), range.get_i64("$lt").unwrap()));
            ranges.widen(all.len() % 2, 4);
        }
        all
    }

    #[test]
    fn ranges_meet_and_reach_from_end_to_end() {
        let (oldest, now) = (1_000_000_000, Timestamp::from_micros(9_000_000_000).unwrap());
        for width in [0, 1_000_000, i64::MAX] {
            for after in [None, Some(2_000_000_000), Some(oldest), Some(9_500_000_000)] {
                let of = |order| ranges(TimeRanges::new(order, after, oldest, now).with_width(width));
                let (asc, mut desc) = (of(Order::Asc), of(Order::Desc));
                desc.reverse();
                for all in [&asc, &desc] {
                    assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0 && pair[0].0 < pair[0].1));
                    assert!(all.len() < 20, "{all:?}");
                }
                let first = after.map_or(i64::MIN, |after| after + 1);
                assert_eq!((asc[0].0, asc[asc.len() - 1].1), (first, i64::MAX));
                assert_eq!((desc[0].0, desc[desc.len() - 1].1), (i64::MIN, after.unwrap_or(i64::MAX)));
            }
        }
    }
}
