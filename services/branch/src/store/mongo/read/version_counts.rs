//! The numbers of versions of which there are many, counted by the server.

use crate::domain::Version;
use crate::error::Error;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{
    FirstHint, MAX_BRANCHES_PER_BATCH, Origin, TimeAndId, first_messages, hinted, hints,
};
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::bson::{Document, doc};

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
    let all = async {
        match fields {
            VersionFields::NumberAndCount => {
                count_matching(mongo, hinted(origin, doc! {"first_at": {"$gt": 0_i64}})).await
            }
            VersionFields::Number => Ok(0),
        }
    };
    let (count, before, unhinted) =
        futures_util::try_join!(all, count_each_before(mongo, origin, keys), unhinted(mongo, origin),)?;
    let count = count + number_of(unhinted.len());
    let rank =
        |(key, before): (&TimeAndId, i64)| Version { number: before + rank_in(&unhinted, *key), count };
    Ok(keys.iter().zip(before).map(rank).collect())
}

/// The number of the first messages of the branches of an origin before a key.
pub(crate) async fn count_before(mongo: &MongoEngine, origin: Origin, key: TimeAndId) -> Result<i64, Error> {
    let (before, unhinted) =
        futures_util::try_join!(count_hinted_before(mongo, origin, key), unhinted(mongo, origin))?;
    Ok(before + rank_in(&unhinted, key) - 1)
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
) -> Result<Vec<i64>, Error> {
    let (Some(first), Some(last)) = (keys.iter().min().copied(), keys.iter().max().copied()) else {
        return Ok(Vec::new());
    };
    if keys.len() <= MAX_COUNTED_MESSAGES {
        return try_join_all(keys.iter().map(|key| count_hinted_before(mongo, origin, *key))).await;
    }
    let (before, between) = futures_util::try_join!(
        count_hinted_before(mongo, origin, first),
        hinted_between(mongo, origin, first, last),
    )?;
    Ok(keys.iter().map(|key| before + rank_in(&between, *key) - 1).collect())
}

/// Counts the first messages with a hint that come before a key.
async fn count_hinted_before(mongo: &MongoEngine, origin: Origin, key: TimeAndId) -> Result<i64, Error> {
    let (time, id) = (key.0.as_micros(), key.1.to_string());
    let (earlier, same_time) = futures_util::try_join!(
        count_matching(mongo, hinted(origin, doc! {"first_at": {"$gt": 0_i64, "$lt": time}})),
        count_matching(mongo, hinted(origin, doc! {"first_at": time, "first": {"$lt": id}})),
    )?;
    Ok(earlier + same_time)
}

/// The first messages with a hint from one key up to another one, in order.
async fn hinted_between(
    mongo: &MongoEngine,
    origin: Origin,
    first: TimeAndId,
    last: TimeAndId,
) -> Result<Vec<TimeAndId>, Error> {
    let range = doc! {"$gte": first.0.as_micros(), "$lte": last.0.as_micros()};
    let typed = mongo.branches.clone_with_type::<FirstHint>();
    let found = typed.find(hinted(origin, doc! {"first_at": range})).projection(FirstHint::fields());
    let found: Vec<FirstHint> = found.await?.try_collect().await?;
    let mut keys: Vec<_> = found.iter().filter_map(FirstHint::key).filter(|key| *key >= first).collect();
    keys.sort_unstable();
    Ok(keys)
}

/// The first messages of the branches of an origin that have no hint of them, in order.
async fn unhinted(mongo: &MongoEngine, origin: Origin) -> Result<Vec<TimeAndId>, Error> {
    let found = hints(mongo, hinted(origin, doc! {"first_at": null}), MAX_BRANCHES_PER_BATCH).await?;
    let mut keys = first_messages(mongo, found).await?.remove(&origin).unwrap_or_default();
    keys.sort_unstable();
    Ok(keys)
}

async fn count_matching(mongo: &MongoEngine, filter: Document) -> Result<i64, Error> {
    let command = doc! {"count": "branches", "query": filter, "readConcern": {"level": "majority"}};
    let count = mongo.database.run_command(command).await?;
    let count = count.get("n").and_then(|n| n.as_i64().or(n.as_i32().map(i64::from)));
    count.ok_or_else(|| broken("a count without a number"))
}
