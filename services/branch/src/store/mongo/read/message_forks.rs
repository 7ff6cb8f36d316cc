//! The forks of messages.

use crate::domain::Forks;
use crate::error::Error;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::documents::fields::{Id, text, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::time_ranges;
use crate::store::navigation::MAX_LISTED_FORKS;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::ids::{BranchId, ResponseId};
use std::collections::HashMap;

/// The forks of a message (a hint) from which on they are counted by the server, and not read in the batch.
const MAX_BATCH_FORKS: i64 = 100;
/// The most forks that a batch reads. If there are more, because the hints are behind, all are counted.
const MAX_FORKS_PER_BATCH: i64 = 1_000;

/// A branch and the message that it forks from.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Fork {
    #[serde(rename = "_id", with = "text")]
    id: BranchId,
    #[serde(with = "text")]
    forked_from: ResponseId,
}

/// The forks of messages.
pub(crate) type ForksByMessage = HashMap<ResponseId, Forks>;

/// The forks of messages of which only the ids are known; empty if there are more than [`MAX_FORKS_PER_BATCH`].
pub(crate) async fn of_ids(mongo: &MongoEngine, messages: &[ResponseId]) -> Result<ForksByMessage, Error> {
    Ok(list_if_few(mongo, messages).await?.unwrap_or_default())
}

/// The forks of these messages, without entries for those that have none. `known` ones are not read again. It takes at most
/// one query, unless a message has many.
pub(crate) async fn of_messages(
    mongo: &MongoEngine,
    messages: &[MessageDoc],
    mut known: ForksByMessage,
) -> Result<ForksByMessage, Error> {
    let unknown =
        messages.iter().filter(|message| message.may_be_forked() && !known.contains_key(&message.id));
    let (many, few): (Vec<_>, Vec<_>) = unknown.partition(|message| message.forks >= MAX_BATCH_FORKS);
    let few: Vec<_> = few.into_iter().map(|message| message.id).collect();
    known.extend(of_batch(mongo, &few).await?);
    for message in many {
        known.insert(message.id, count_one(mongo, message).await?);
    }
    Ok(known)
}

/// The forks of a message that has many: counted in the index; only the oldest are read.
async fn count_one(mongo: &MongoEngine, message: &MessageDoc) -> Result<Forks, Error> {
    let forks = doc! {"forked_from": message.id.to_string(), "alive": true};
    let count = mongo.database.run_command(
        doc! {"count": "branches", "query": forks.clone(), "readConcern": {"level": "majority"}},
    );
    let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
    let (from, most) =
        (message.created_at.as_micros(), usize::try_from(MAX_LISTED_FORKS).unwrap_or_default());
    let oldest = time_ranges::oldest(&typed, &forks, from, mongo.clock.now(), most);
    let (count, oldest) = futures_util::join!(count.into_future(), oldest);
    let count = count?.get("n").and_then(|n| n.as_i64().or(n.as_i32().map(i64::from)));
    let oldest = oldest?.into_iter().map(|fork| fork.id).collect();
    Ok(Forks { count: count.ok_or_else(|| broken("a count without a number"))?, oldest })
}

async fn of_batch(mongo: &MongoEngine, messages: &[ResponseId]) -> Result<ForksByMessage, Error> {
    match list_if_few(mongo, messages).await? {
        Some(forks) => Ok(forks),
        None => count_each(mongo, messages).await,
    }
}

/// Reads the forks of these messages. `None` if there are [`MAX_FORKS_PER_BATCH`] or more.
async fn list_if_few(mongo: &MongoEngine, messages: &[ResponseId]) -> Result<Option<ForksByMessage>, Error> {
    let mut forks = ForksByMessage::new();
    if messages.is_empty() {
        return Ok(Some(forks));
    }
    let filter = doc! {"forked_from": {"$in": texts(messages)}, "alive": true};
    let typed = mongo.branches.clone_with_type::<Fork>();
    let found = typed.find(filter);
    let found =
        found.sort(doc! {"forked_from": 1, "alive": 1, "created_at": 1, "_id": 1}).limit(MAX_FORKS_PER_BATCH);
    let found: Vec<Fork> =
        found.projection(doc! {"_id": 1, "forked_from": 1}).batch_size(1_001).await?.try_collect().await?;
    if i64::try_from(found.len()) == Ok(MAX_FORKS_PER_BATCH) {
        return Ok(None);
    }
    for fork in found {
        let forks = forks.entry(fork.forked_from).or_default();
        forks.count += 1;
        if forks.count <= MAX_LISTED_FORKS {
            forks.oldest.push(fork.id);
        }
    }
    Ok(Some(forks))
}

/// The number of forks of a message.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Count {
    #[serde(rename = "_id", with = "text")]
    message: ResponseId,
    count: i64,
}

async fn count_each(mongo: &MongoEngine, messages: &[ResponseId]) -> Result<ForksByMessage, Error> {
    let counts = [
        doc! {"$match": {"forked_from": {"$in": texts(messages)}, "alive": true}},
        doc! {"$group": {"_id": "$forked_from", "count": {"$sum": 1_i64}}},
    ];
    let counts: Vec<Count> =
        mongo.branches.aggregate(counts).with_type::<Count>().await?.try_collect().await?;
    let mut forks = HashMap::new();
    for Count { message, count } in counts {
        let oldest = oldest_matching(
            doc! {"forked_from": message.to_string(), "alive": true},
            MAX_LISTED_FORKS,
            mongo,
        )
        .await?;
        forks.insert(message, Forks { oldest, count });
    }
    Ok(forks)
}

/// The oldest branches that match a filter.
pub(crate) async fn oldest_matching(
    filter: Document,
    limit: i64,
    mongo: &MongoEngine,
) -> Result<Vec<BranchId>, Error> {
    let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
    let found = typed.find(filter).limit(limit);
    let found = found.sort(doc! {"created_at": 1, "_id": 1}).projection(doc! {"_id": 1});
    let found: Vec<_> = found.await?.try_collect().await?;
    Ok(found.into_iter().map(|found| found.id).collect())
}
