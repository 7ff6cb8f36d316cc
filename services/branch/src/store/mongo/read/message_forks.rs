//! The forks of messages.

use crate::domain::Forks;
use crate::error::Error;
use crate::store::mongo::documents::fields::{Id, micros, text, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::branch_counts::count_matching;
use crate::store::mongo::read::first_messages::{branches_at, branches_of};
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::time_ranges;
use crate::store::navigation::MAX_LISTED_FORKS;
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::{BTreeMap, HashMap};

/// The forks of a message (a hint) from which on they are counted by the server, and not read in the batch.
const MAX_BATCH_FORKS: i64 = 100;
/// The most forks that a batch reads. If there are more, because the hints are behind, all are counted.
const MAX_FORKS_PER_BATCH: i64 = 1_000;

/// A branch and the message that it forks from.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Fork {
    #[serde(rename = "_id", with = "text")]
    id: BranchId,
    #[serde(rename = "root", with = "text")]
    chat: ChatId,
    #[serde(with = "text")]
    forked_from: ResponseId,
    #[serde(with = "micros")]
    created_at: Timestamp,
}

/// A message in a chat in which it is read.
type Place = (ChatId, ResponseId);

/// The forks of messages.
pub(crate) type ForksByMessage = HashMap<ResponseId, Forks>;

/// The forks, in a chat, of messages of which only the ids are known; empty if there are more than [`MAX_FORKS_PER_BATCH`].
pub(crate) async fn of_ids(
    mongo: &MongoEngine,
    chat: ChatId,
    messages: &[ResponseId],
) -> Result<ForksByMessage, Error> {
    let places: Vec<_> = messages.iter().map(|message| (chat, *message)).collect();
    Ok(list_if_few(mongo, &places).await?.unwrap_or_default())
}

/// The forks of these messages in the chat in which they are read, without entries for those that have none. `known` ones are not
/// read again. It takes at most one query, unless a message has many.
pub(crate) async fn of_messages(
    mongo: &MongoEngine,
    reading: ReadingChat,
    messages: &[MessageDoc],
    mut known: ForksByMessage,
) -> Result<ForksByMessage, Error> {
    let unknown =
        messages.iter().filter(|message| message.may_be_forked() && !known.contains_key(&message.id));
    let (many, few): (Vec<_>, Vec<_>) = unknown.partition(|message| message.forks >= MAX_BATCH_FORKS);
    let few: Vec<_> = few.into_iter().map(|message| (reading.of(message.chat), message.id)).collect();
    known.extend(of_batch(mongo, &few).await?);
    for message in many {
        known.insert(message.id, count_one(mongo, reading.of(message.chat), message).await?);
    }
    Ok(known)
}

/// The forks of a message that has many: counted in the index; only the oldest are read.
async fn count_one(mongo: &MongoEngine, chat: ChatId, message: &MessageDoc) -> Result<Forks, Error> {
    let forks = forks_at((chat, message.id));
    let count = count_matching(mongo, forks.clone());
    let typed = mongo.branches.clone_with_type::<Id<BranchId>>();
    let (from, most) =
        (message.created_at.as_micros(), usize::try_from(MAX_LISTED_FORKS).unwrap_or_default());
    // A message of another chat may be the one that the trunk stands on, which is no fork.
    let is_inherited = message.chat != chat;
    let most = most + usize::from(is_inherited);
    let oldest = time_ranges::oldest(&typed, &forks, from, mongo.clock.now(), most);
    let trunk = async { if is_inherited { stands_at(mongo, (chat, message.id)).await } else { Ok(false) } };
    let (count, oldest, trunk) = futures_util::join!(count, oldest, trunk);
    let count = count? - i64::from(trunk?);
    let oldest = oldest?.into_iter().map(|fork| fork.id).filter(|fork| *fork != chat.trunk());
    Ok(Forks { count, oldest: oldest.take(usize::try_from(MAX_LISTED_FORKS).unwrap_or_default()).collect() })
}

/// A filter for the branches of a chat at a message; its trunk, which is no fork, is among them if it stands on that.
fn forks_at((chat, message): Place) -> Document {
    branches_of((chat, Some(message)))
}

/// Whether the trunk of a chat stands on a message.
async fn stands_at(mongo: &MongoEngine, (chat, message): Place) -> Result<bool, Error> {
    let trunk = mongo.branch_loader.load_one(chat.trunk()).await?;
    Ok(trunk.is_some_and(|trunk| trunk.alive && trunk.forked_from == Some(message)))
}

async fn of_batch(mongo: &MongoEngine, places: &[Place]) -> Result<ForksByMessage, Error> {
    match list_if_few(mongo, places).await? {
        Some(forks) => Ok(forks),
        None => count_each(mongo, places).await,
    }
}

/// Reads the forks of messages. `None` if there are [`MAX_FORKS_PER_BATCH`] or more.
async fn list_if_few(mongo: &MongoEngine, places: &[Place]) -> Result<Option<ForksByMessage>, Error> {
    let mut forks = ForksByMessage::new();
    let Some(filter) = branches_at(places.iter().copied()) else { return Ok(Some(forks)) };
    let typed = mongo.branches.clone_with_type::<Fork>();
    let found = typed.find(filter).limit(MAX_FORKS_PER_BATCH);
    let found = found.projection(doc! {"_id": 1, "root": 1, "forked_from": 1, "created_at": 1});
    let mut found: Vec<Fork> = found.batch_size(1_001).await?.try_collect().await?;
    if i64::try_from(found.len()) == Ok(MAX_FORKS_PER_BATCH) {
        return Ok(None);
    }
    found.sort_unstable_by_key(|fork| (fork.created_at, fork.id));
    // The trunk of a forked chat is at a message, but no fork.
    for fork in found.into_iter().filter(|fork| fork.id != fork.chat.trunk()) {
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

async fn count_each(mongo: &MongoEngine, places: &[Place]) -> Result<ForksByMessage, Error> {
    let mut forks = ForksByMessage::new();
    let mut by_chat = BTreeMap::<_, Vec<_>>::new();
    for (chat, message) in places {
        by_chat.entry(*chat).or_default().push(*message);
    }
    for (chat, messages) in by_chat {
        forks.extend(count_each_of(mongo, chat, &messages).await?);
    }
    Ok(forks)
}

async fn count_each_of(
    mongo: &MongoEngine,
    chat: ChatId,
    messages: &[ResponseId],
) -> Result<ForksByMessage, Error> {
    let trunk = chat.to_string();
    let counts = [
        doc! {"$match": {"root": &trunk, "forked_from": {"$in": texts(messages)}, "alive": true, "_id": {"$ne": &trunk}}},
        doc! {"$group": {"_id": "$forked_from", "count": {"$sum": 1_i64}}},
    ];
    let counts: Vec<Count> =
        mongo.branches.aggregate(counts).with_type::<Count>().await?.try_collect().await?;
    let mut forks = HashMap::new();
    for Count { message, count } in counts {
        let mut oldest = oldest_matching(forks_at((chat, message)), MAX_LISTED_FORKS + 1, mongo).await?;
        oldest.retain(|fork| *fork != chat.trunk());
        oldest.truncate(usize::try_from(MAX_LISTED_FORKS).unwrap_or_default());
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
