//! The versions of messages: the messages that have the same parent.

use crate::domain::Version;
use crate::error::Error;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{Origin, TimeAndId, list};
use crate::store::mongo::read::parents::{Parents, RankedMessage};
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::version_counts::{VersionFields, count_ranks, number_of, rank_in};
use shared::ids::ResponseId;
use std::collections::{BTreeMap, HashMap};

/// The versions of messages, by message. Those that are missing have no other.
pub(crate) type Versions = HashMap<ResponseId, Version>;

/// Ranks messages among their versions in the chat in which they are read.
pub(crate) async fn of_messages(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[MessageDoc],
) -> Result<Versions, Error> {
    let messages: Vec<_> = messages.iter().map(RankedMessage::from).collect();
    rank(mongo, reading, &messages, None, VersionFields::NumberAndCount).await
}

/// Ranks the messages of a page, as [`of_messages`] does. `parent` is the message before them, if that was read.
pub(crate) async fn of_page(
    mongo: &MongoEngine,
    reading: ReadingChat,
    parent: Option<&MessageDoc>,
    messages: &[MessageDoc],
) -> Result<Versions, Error> {
    let messages: Vec<_> = messages.iter().map(RankedMessage::from).collect();
    rank(mongo, reading, &messages, parent.map(RankedMessage::from), VersionFields::NumberAndCount).await
}

/// The numbers of messages among their versions, as [`of_messages`] ranks them.
pub(crate) async fn numbers_of(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[RankedMessage],
) -> Result<HashMap<ResponseId, i64>, Error> {
    let versions = rank(mongo, reading, messages, None, VersionFields::Number).await?;
    Ok(versions.into_iter().map(|(id, version)| (id, version.number)).collect())
}

/// It takes no query for messages whose parent is among them and has no forks.
async fn rank(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[RankedMessage],
    parent: Option<RankedMessage>,
    fields: VersionFields,
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
    let sizes = by_origin.keys().map(|origin| (*origin, origin.1.map_or(0, |parent| parents.forks(parent))));
    let mut listed = list(mongo, &sizes.collect()).await?;
    let mut versions = Versions::new();
    for (origin, messages) in by_origin {
        let next = following.get(&origin).copied();
        let keys: Vec<_> = messages.iter().map(|message| (message.created_at, message.id)).collect();
        let ranks = match listed.remove(&origin) {
            Some(None) => count_ranks(mongo, origin, &keys, fields).await?,
            Some(Some(others)) => ranks_in(others, &keys),
            None => ranks_in(Vec::new(), &keys),
        };
        for (key, others) in keys.into_iter().zip(ranks) {
            let follows = next.is_some_and(|next| next < key);
            let number = others.number + i64::from(follows);
            versions.insert(key.1, Version { number, count: others.count + i64::from(next.is_some()) });
        }
    }
    Ok(versions)
}

/// The ranks of keys among others.
fn ranks_in(mut others: Vec<TimeAndId>, keys: &[TimeAndId]) -> Vec<Version> {
    others.sort_unstable();
    let count = number_of(others.len());
    keys.iter().map(|key| Version { number: rank_in(&others, *key), count }).collect()
}
