//! The versions of messages: the messages that have the same parent.

use crate::domain::Version;
use crate::error::Error;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{
    Origin, TimeAndId, branches_of, first_messages, hints, list,
};
use crate::store::mongo::read::parents::{Parents, RankedMessage};
use crate::store::mongo::read::reading_chat::ReadingChat;
use mongodb::bson::{Document, doc};
use shared::ids::ResponseId;
use std::collections::{BTreeMap, HashMap};

/// The versions of messages, by message. Those that are missing have no other.
pub(crate) type Versions = HashMap<ResponseId, Version>;

/// Ranks messages among their versions, as [`of_ranked`] does.
pub(crate) async fn of_messages(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[MessageDoc],
) -> Result<Versions, Error> {
    of_ranked(mongo, reading, &messages.iter().map(RankedMessage::from).collect::<Vec<_>>()).await
}

/// Ranks the messages of a page, as [`of_ranked`] does. `parent` is the message before them, if that was read.
pub(crate) async fn of_page(
    mongo: &MongoEngine,
    reading: ReadingChat,
    parent: Option<&MessageDoc>,
    messages: &[MessageDoc],
) -> Result<Versions, Error> {
    let messages: Vec<_> = messages.iter().map(RankedMessage::from).collect();
    rank(mongo, reading, &messages, parent.map(RankedMessage::from)).await
}

/// Ranks messages among their versions in the chat in which they are read. It takes no query for those whose parent is among them and
/// has no forks.
pub(crate) async fn of_ranked(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[RankedMessage],
) -> Result<Versions, Error> {
    rank(mongo, reading, messages, None).await
}

async fn rank(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[RankedMessage],
    parent: Option<RankedMessage>,
) -> Result<Versions, Error> {
    let parents = Parents::read(mongo, messages, parent).await?;
    let ranked =
        messages.iter().filter(|message| message.parent.is_none_or(|parent| parents.is_forked(parent)));
    let mut by_origin = BTreeMap::<Origin, Vec<&RankedMessage>>::new();
    for message in ranked {
        by_origin.entry((reading.of(message.chat), message.parent)).or_default().push(message);
    }
    if by_origin.is_empty() {
        return Ok(Versions::new());
    }
    let following = parents.following(mongo, &by_origin).await?;
    let listed = list(mongo, by_origin.keys()).await?;
    let mut versions = Versions::new();
    for (origin, messages) in by_origin {
        let next = following.get(&origin).copied();
        for message in messages {
            let key = (message.created_at, message.id);
            let others = match listed.get(&origin) {
                Some(Some(others)) => rank_in(others, key),
                Some(None) => count(mongo, origin, key).await?,
                None => rank_in(&[], key),
            };
            let follows = next.is_some_and(|next| next < key);
            let number = others.number + i64::from(follows);
            versions.insert(message.id, Version { number, count: others.count + i64::from(next.is_some()) });
        }
    }
    Ok(versions)
}

/// The rank of a key among others.
fn rank_in(others: &[TimeAndId], key: TimeAndId) -> Version {
    let before = others.iter().filter(|other| **other < key).count();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Version { number: number(before) + 1, count: number(others.len()) }
}

/// The rank of a message among the first messages of the branches of an origin, counted in the index.
async fn count(mongo: &MongoEngine, origin: Origin, key: TimeAndId) -> Result<Version, Error> {
    let branches = |first_at: Document, more: Document| {
        let mut filter = branches_of(origin);
        filter.insert("first_at", first_at);
        filter.extend(more);
        filter
    };
    let (time, id) = (key.0.as_micros(), key.1.to_string());
    let (all, earlier, same_time, unhinted) = futures_util::try_join!(
        count_matching(mongo, branches(doc! {"$gt": 0_i64}, doc! {})),
        count_matching(mongo, branches(doc! {"$gt": 0_i64, "$lt": time}, doc! {})),
        count_matching(mongo, branches(doc! {"$eq": time}, doc! {"first": {"$lt": id}})),
        hints(mongo, branches(doc! {"$eq": null}, doc! {})),
    )?;
    let others = first_messages(mongo, unhinted).await?;
    let others = rank_in(others.get(&origin).map_or(&[], Vec::as_slice), key);
    Ok(Version { number: earlier + same_time + others.number, count: all + others.count })
}

async fn count_matching(mongo: &MongoEngine, filter: Document) -> Result<i64, Error> {
    let command = doc! {"count": "branches", "query": filter, "readConcern": {"level": "majority"}};
    let count = mongo.database.run_command(command).await?;
    let count = count.get("n").and_then(|n| n.as_i64().or(n.as_i32().map(i64::from)));
    count.ok_or_else(|| broken("a count without a number"))
}

/// The number of the first messages of the branches of an origin before a key.
pub(crate) async fn count_before(mongo: &MongoEngine, origin: Origin, key: TimeAndId) -> Result<i64, Error> {
    Ok(count(mongo, origin, key).await?.number - 1)
}
