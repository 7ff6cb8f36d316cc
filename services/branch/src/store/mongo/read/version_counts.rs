//! The numbers of versions of which there are many, counted by the server.

use crate::domain::Version;
use crate::error::Error;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branch_counts::count_matching;
use crate::store::mongo::read::first_messages::{FirstHint, Origin, TimeAndId, hinted, unhinted};
use crate::store::version_list::VersionKey;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::bson::doc;

/// The most messages of an origin that are counted one by one. Of more, what lies between the first and the last is read.
const MAX_COUNTED_MESSAGES: usize = 8;

/// The fields of versions that are needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VersionFields {
    /// The number of each, and how many there are.
    NumberAndCount,
    /// The number alone: how many there are is not counted where that takes a query of its own.
    Number,
}

/// The ranks of these keys among the first messages of the branches of an origin, in their order.
pub(crate) async fn count_ranks(
    mongo: &MongoEngine,
    origin: Origin,
    keys: &[TimeAndId],
    fields: VersionFields,
) -> Result<Vec<Version>, Error> {
    let unhinted = unhinted(mongo, origin).await?;
    let all = async {
        match fields {
            VersionFields::NumberAndCount => {
                count_matching(mongo, hinted(origin, doc! {"first_at": {"$gt": 0_i64}}, &unhinted)).await
            }
            VersionFields::Number => Ok(0),
        }
    };
    let (count, before) = futures_util::try_join!(all, count_each_before(mongo, origin, keys, &unhinted))?;
    let unhinted: Vec<_> = unhinted.iter().map(VersionKey::time_and_id).collect();
    let count = count + number_of(unhinted.len());
    let rank =
        |(key, before): (&TimeAndId, i64)| Version { number: before + rank_in(&unhinted, *key), count };
    Ok(keys.iter().zip(before).map(rank).collect())
}

/// The rank of a key among others, in order, counted from 1.
pub(crate) fn rank_in(others: &[TimeAndId], key: TimeAndId) -> i64 {
    number_of(others.partition_point(|other| *other < key)) + 1
}

pub(crate) fn number_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

async fn count_each_before(
    mongo: &MongoEngine,
    origin: Origin,
    keys: &[TimeAndId],
    unhinted: &[VersionKey],
) -> Result<Vec<i64>, Error> {
    let (Some(first), Some(last)) = (keys.iter().min().copied(), keys.iter().max().copied()) else {
        return Ok(Vec::new());
    };
    if keys.len() <= MAX_COUNTED_MESSAGES {
        let counts = keys.iter().map(|key| count_hinted_before(mongo, origin, *key, unhinted));
        return try_join_all(counts).await;
    }
    let (before, between) = futures_util::try_join!(
        count_hinted_before(mongo, origin, first, unhinted),
        hinted_between(mongo, origin, (first, last), unhinted),
    )?;
    Ok(keys.iter().map(|key| before + rank_in(&between, *key) - 1).collect())
}

/// Counts the first messages with a hint that come before a key.
pub(crate) async fn count_hinted_before(
    mongo: &MongoEngine,
    origin: Origin,
    key: TimeAndId,
    unhinted: &[VersionKey],
) -> Result<i64, Error> {
    let (time, id) = (key.0.as_micros(), key.1.to_string());
    let (earlier, same_time) = futures_util::try_join!(
        count_matching(mongo, hinted(origin, doc! {"first_at": {"$gt": 0_i64, "$lt": time}}, unhinted)),
        count_matching(mongo, hinted(origin, doc! {"first_at": time, "first": {"$lt": id}}, unhinted)),
    )?;
    Ok(earlier + same_time)
}

/// The first messages with a hint from one key up to another one, in order.
async fn hinted_between(
    mongo: &MongoEngine,
    origin: Origin,
    (first, last): (TimeAndId, TimeAndId),
    unhinted: &[VersionKey],
) -> Result<Vec<TimeAndId>, Error> {
    let range = doc! {"$gte": first.0.as_micros(), "$lte": last.0.as_micros()};
    let typed = mongo.branches.clone_with_type::<FirstHint>();
    let found =
        typed.find(hinted(origin, doc! {"first_at": range}, unhinted)).projection(FirstHint::fields());
    let found: Vec<FirstHint> = found.await?.try_collect().await?;
    let mut keys: Vec<_> = found.iter().filter_map(FirstHint::key).filter(|key| *key >= first).collect();
    keys.sort_unstable();
    Ok(keys)
}
