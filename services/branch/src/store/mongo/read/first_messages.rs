//! The first messages of the branches that fork from messages: the versions of what follows these.

use crate::error::Error;
use crate::store::mongo::documents::fields::{maybe_text, text, texts};
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::message_headers::{BranchDepth, headers_at};
use crate::store::version_list::VersionKey;
use futures_util::TryStreamExt as _;
use futures_util::future::try_join_all;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The most branches that are read to rank the messages of several origins. If there are more, each origin is read by itself.
const MAX_BRANCHES_PER_BATCH: i64 = 1_000;
/// The number of branches of an origin from which on they are counted by the server.
pub(crate) const MIN_COUNTED_BRANCHES: i64 = 100;

/// The origin of the branches that begin with the versions of a message: a message, or nothing, in a chat.
pub(crate) type Origin = (ChatId, Option<ResponseId>);

/// The time and the id of a message, by which versions are sorted.
pub(crate) type TimeAndId = (Timestamp, ResponseId);

/// A branch with the hint of its first message.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct FirstHint {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: BranchId,
    #[serde(rename = "root", with = "text")]
    chat: ChatId,
    #[serde(default, with = "maybe_text")]
    forked_from: Option<ResponseId>,
    fork_depth: i64,
    head_depth: i64,
    #[serde(default, with = "maybe_text")]
    first: Option<ResponseId>,
    #[serde(default)]
    first_at: Option<i64>,
}

impl FirstHint {
    pub(crate) fn fields() -> Document {
        doc! {
            "_id": 1, "root": 1, "forked_from": 1, "fork_depth": 1, "head_depth": 1, "first": 1, "first_at": 1,
        }
    }

    /// The depth of its first message.
    const fn first_depth(&self) -> BranchDepth {
        BranchDepth::of_messages(self.id, self.fork_depth + 1, self.head_depth - self.fork_depth)
    }

    pub(crate) fn key(&self) -> Option<TimeAndId> {
        Some((self.first_at.and_then(Timestamp::from_micros)?, self.first?))
    }
}

/// The first messages of the branches that fork from each origin; none for an origin with too many of them.
pub(crate) type Listed = HashMap<Origin, Option<Vec<TimeAndId>>>;

/// Lists the first messages of the branches of origins, each with a hint of how many branches it has.
pub(crate) async fn list(mongo: &MongoEngine, origins: &BTreeMap<Origin, i64>) -> Result<Listed, Error> {
    let (many, few): (Vec<_>, Vec<_>) =
        origins.iter().partition(|(_, forks)| **forks >= MIN_COUNTED_BRANCHES);
    let few: Vec<_> = few.into_iter().map(|(origin, _)| *origin).collect();
    let mut listed: Listed = many.into_iter().map(|(origin, _)| (*origin, None)).collect();
    match list_if_few(mongo, &few).await? {
        Some(found) => listed.extend(found.into_iter().map(|(origin, others)| (origin, Some(others)))),
        None => listed.extend(try_join_all(few.into_iter().map(|origin| list_one(mongo, origin))).await?),
    }
    Ok(listed)
}

/// Lists the first messages of the branches of an origin, unless there are too many.
async fn list_one(mongo: &MongoEngine, origin: Origin) -> Result<(Origin, Option<Vec<TimeAndId>>), Error> {
    let found = hints(mongo, branches_of(origin), MIN_COUNTED_BRANCHES).await?;
    if i64::try_from(found.len()).is_ok_and(|count| count >= MIN_COUNTED_BRANCHES) {
        return Ok((origin, None));
    }
    Ok((origin, Some(first_messages(mongo, found).await?.remove(&origin).unwrap_or_default())))
}

/// A filter for the branches that fork from an origin.
pub(crate) fn branches_of((chat, parent): Origin) -> Document {
    let parent = parent.map(|parent| parent.to_string());
    doc! {"root": chat.to_string(), "forked_from": parent, "alive": true}
}

/// A filter for the branches that fork from any of these messages, each in a chat.
pub(crate) fn branches_at(places: impl IntoIterator<Item = (ChatId, ResponseId)>) -> Option<Document> {
    let mut by_chat = BTreeMap::<_, BTreeSet<_>>::new();
    for (chat, message) in places {
        by_chat.entry(chat).or_default().insert(message);
    }
    // Each is one of the index (root, alive, forked_from, created_at, id): not every server uses a list in the place of its first field.
    let of_chat = |(chat, messages): (ChatId, BTreeSet<ResponseId>)| {
        doc! {"root": chat.to_string(), "alive": true, "forked_from": {"$in": texts(messages)}}
    };
    let mut filters: Vec<_> = by_chat.into_iter().map(of_chat).collect();
    if filters.len() > 1 { Some(doc! {"$or": filters}) } else { filters.pop() }
}

/// The first messages of the branches of several origins. `None` if there are too many in all.
async fn list_if_few(
    mongo: &MongoEngine,
    origins: &[Origin],
) -> Result<Option<HashMap<Origin, Vec<TimeAndId>>>, Error> {
    let chats = texts(origins.iter().filter(|(_, parent)| parent.is_none()).map(|(chat, _)| *chat));
    let first = doc! {"root": {"$in": &chats}, "forked_from": null, "alive": true};
    let at_messages = branches_at(origins.iter().filter_map(|(chat, parent)| Some((*chat, (*parent)?))));
    let mut found = Vec::new();
    for filter in at_messages.into_iter().chain((!chats.is_empty()).then_some(first)) {
        found.extend(hints(mongo, filter, MAX_BRANCHES_PER_BATCH).await?);
    }
    if i64::try_from(found.len()).is_ok_and(|count| count >= MAX_BRANCHES_PER_BATCH) {
        return Ok(None);
    }
    first_messages(mongo, found).await.map(Some)
}

/// Reads the hints of at most so many branches.
async fn hints(mongo: &MongoEngine, filter: Document, limit: i64) -> Result<Vec<FirstHint>, Error> {
    let typed = mongo.branches.clone_with_type::<FirstHint>();
    let found = typed.find(filter).projection(FirstHint::fields()).limit(limit).batch_size(1_001);
    Ok(found.await?.try_collect().await?)
}

/// The first messages of branches, looked up where a hint is missing.
async fn first_messages(
    mongo: &MongoEngine,
    branches: Vec<FirstHint>,
) -> Result<HashMap<Origin, Vec<TimeAndId>>, Error> {
    let (hinted, others): (Vec<_>, Vec<_>) = branches.into_iter().partition(|branch| branch.key().is_some());
    let looked_up = headers_at(mongo, others.iter().map(FirstHint::first_depth)).await?;
    let looked_up: HashMap<_, _> =
        looked_up.into_iter().map(|message| (message.branch, (message.created_at, message.id))).collect();
    let mut by_origin = HashMap::<Origin, Vec<TimeAndId>>::new();
    for branch in hinted.iter().chain(&others) {
        if let Some(key) = branch.key().or_else(|| looked_up.get(&branch.id).copied()) {
            by_origin.entry((branch.chat, branch.forked_from)).or_default().push(key);
        }
    }
    Ok(by_origin)
}

/// A filter for a range of the index `by_version`, without the branches of those [`unhinted`] first messages: their hints may have been
/// written since these were read.
pub(crate) fn hinted(origin: Origin, range: Document, unhinted: &[VersionKey]) -> Document {
    let mut filter = branches_of(origin);
    filter.extend(range);
    if !unhinted.is_empty() {
        filter.insert("_id", doc! {"$nin": texts(unhinted.iter().map(|version| version.branch))});
    }
    filter
}

/// The first messages of the branches of an origin that have no hint of them, in order. They are read before those with a hint, lest a
/// branch whose hint is written meanwhile be missing in both.
pub(crate) async fn unhinted(mongo: &MongoEngine, origin: Origin) -> Result<Vec<VersionKey>, Error> {
    let found = hints(mongo, hinted(origin, doc! {"first_at": null}, &[]), MAX_BRANCHES_PER_BATCH).await?;
    let found = headers_at(mongo, found.iter().map(FirstHint::first_depth)).await?;
    let mut keys: Vec<_> = found.into_iter().map(MessageHeader::version_key).collect();
    keys.sort_unstable();
    Ok(keys)
}
