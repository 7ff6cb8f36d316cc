//! Pages of the first messages of branches.

use crate::domain::Order;
use crate::error::Error;
use crate::store::TimePosition;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{FirstHint, MIN_COUNTED_BRANCHES, Origin, hinted};
use crate::store::mongo::read::parents::ListedParent;
use crate::store::mongo::read::time_ranges::TimeRanges;
use crate::store::version_list::VersionKey;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};

/// The first messages with a hint of the branches of an origin after a position, in order.
pub(crate) async fn hinted_after(
    mongo: &MongoEngine,
    origin: Origin,
    parent: &ListedParent,
    unhinted: &[VersionKey],
    after: Option<TimePosition>,
    count: usize,
) -> Result<Vec<VersionKey>, Error> {
    let read = |range: Document, count| hinted_in(mongo, hinted(origin, range, unhinted), count);
    let mut found = Vec::new();
    if let Some(TimePosition { created_at, id }) = after {
        let same_time = doc! {"first_at": created_at.as_micros(), "first": {"$gt": id.to_string()}};
        found = read(same_time, count).await?;
    }
    let (after_time, oldest) =
        (after.map(|after| after.created_at.as_micros()), parent.created_at.as_micros());
    let ranges = TimeRanges::new(Order::Asc, after_time, oldest, mongo.clock.now());
    // Few are read at once.
    let ranges = if parent.forks < MIN_COUNTED_BRANCHES { ranges.with_width(i64::MAX) } else { ranges };
    let found = ranges.read(found, count, |range, missing| read(doc! {"first_at": range}, missing)).await?;
    let version = |branch: FirstHint| {
        let (created_at, id) = branch.key()?;
        Some(VersionKey { created_at, id, branch: branch.id })
    };
    Ok(found.into_iter().filter_map(version).collect())
}

async fn hinted_in(mongo: &MongoEngine, filter: Document, count: usize) -> Result<Vec<FirstHint>, Error> {
    let typed = mongo.branches.clone_with_type::<FirstHint>();
    let found = typed.find(filter).projection(FirstHint::fields());
    let found = found.sort(doc! {"first_at": 1, "first": 1}).limit(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(found.await?.try_collect().await?)
}
