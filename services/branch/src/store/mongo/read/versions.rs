//! The versions of messages: the messages that have the same parent.

use crate::domain::Version;
use crate::error::Error;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{
    Origin, TimeAndId, branches_of, first_messages, hints, list,
};
use crate::store::mongo::read::forked_message::ForkedMessage;
use crate::store::mongo::read::lookup::ancestry_of;
use crate::store::mongo::read::message_headers::{BranchDepth, headers_at};
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::navigation::owner_of_inherited;
use crate::store::version_list::VersionKey;
use mongodb::bson::{Document, doc};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The versions of messages, by message. Those that are missing have no other.
pub(crate) type Versions = HashMap<ResponseId, Version>;

/// The part of a message that ranks it, and those whose parent it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RankedMessage {
    pub(crate) id: ResponseId,
    pub(crate) chat: ChatId,
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    pub(crate) parent: Option<ResponseId>,
    pub(crate) created_at: Timestamp,
    pub(crate) may_be_forked: bool,
}

impl From<&MessageDoc> for RankedMessage {
    fn from(message: &MessageDoc) -> Self {
        Self {
            id: message.id,
            chat: message.chat,
            branch: message.branch,
            depth: message.depth,
            parent: message.parent,
            created_at: message.created_at,
            may_be_forked: message.may_be_forked(),
        }
    }
}

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

/// The parents of messages: whether they may have forks, and where they lie.
struct Parents(HashMap<ResponseId, Parent>);

/// A parent: whether it may have forks, and where it lies.
#[derive(Debug, Clone, Copy)]
struct Parent {
    chat: ChatId,
    branch: BranchId,
    depth: i64,
    may_be_forked: bool,
}

impl From<&RankedMessage> for Parent {
    fn from(message: &RankedMessage) -> Self {
        let &RankedMessage { chat, branch, depth, may_be_forked, .. } = message;
        Self { chat, branch, depth, may_be_forked }
    }
}

impl From<ForkedMessage> for Parent {
    fn from(ForkedMessage { chat, branch, depth, forked, .. }: ForkedMessage) -> Self {
        Self { chat, branch, depth, may_be_forked: forked != Some(false) }
    }
}

impl Parents {
    /// Reads the parents that are neither among the messages nor this one.
    async fn read(
        mongo: &MongoEngine,
        messages: &[RankedMessage],
        parent: Option<RankedMessage>,
    ) -> Result<Self, Error> {
        let known = messages.iter().chain(&parent);
        let known: HashMap<_, _> = known.map(|message| (message.id, Parent::from(message))).collect();
        let wanted: BTreeSet<_> = messages.iter().filter_map(|message| message.parent).collect();
        let missing = wanted.iter().copied().filter(|parent| !known.contains_key(parent)).collect();
        let missing = mongo.forked_messages.load_many(missing).await?;
        let mut parents: HashMap<_, _> =
            missing.into_iter().map(|(id, parent)| (id, Parent::from(parent))).collect();
        parents.extend(known.into_iter().filter(|(id, _)| wanted.contains(id)));
        Ok(Self(parents))
    }

    fn is_forked(&self, parent: ResponseId) -> bool {
        self.0.get(&parent).is_some_and(|parent| parent.may_be_forked)
    }

    /// The messages that follow the parents (see [`place_after`]).
    async fn following(
        &self,
        mongo: &MongoEngine,
        by_origin: &BTreeMap<Origin, Vec<&RankedMessage>>,
    ) -> Result<HashMap<Origin, TimeAndId>, Error> {
        let (mut following, mut places) = (HashMap::new(), HashMap::<_, Vec<Origin>>::new());
        for (origin, messages) in by_origin {
            let parent = origin.1.and_then(|parent| self.0.get(&parent)).copied();
            let Some(place) = place_after(mongo, origin.0, parent).await? else { continue };
            match messages.iter().find(|message| message.branch == place.0) {
                Some(next) => _ = following.insert(*origin, (next.created_at, next.id)),
                None => places.entry(place).or_default().push(*origin),
            }
        }
        let depths = places.keys().map(|(branch, depth)| BranchDepth::of_any(*branch, *depth));
        for found in headers_at(mongo, depths).await? {
            let origins = places.get(&(found.branch, found.depth));
            following
                .extend(origins.into_iter().flatten().map(|origin| (*origin, (found.created_at, found.id))));
        }
        Ok(following)
    }
}

/// The place of the message that follows a parent in a chat beside those that branches begin with: on the parent's own branch, or for
/// an inherited parent on the line of the trunk, as far as that is inherited. Without a parent, the first message that is inherited.
async fn place_after(
    mongo: &MongoEngine,
    chat: ChatId,
    parent: Option<Parent>,
) -> Result<Option<(BranchId, i64)>, Error> {
    if let Some(own) = parent.filter(|parent| parent.chat == chat) {
        return Ok(Some((own.branch, own.depth + 1)));
    }
    let depth = parent.map_or(0, |parent| parent.depth) + 1;
    let line = ancestry_of(mongo, chat.trunk()).await?;
    Ok(owner_of_inherited(mongo, line, depth).await?.map(|owner| (owner, depth)))
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

/// The message that follows a parent (see [`place_after`]).
pub(crate) async fn following(
    mongo: &MongoEngine,
    (chat, parent): Origin,
) -> Result<Option<VersionKey>, Error> {
    let parent = match parent {
        None => None,
        Some(parent) => match mongo.forked_messages.load_one(parent).await? {
            Some(parent) => Some(Parent::from(parent)),
            None => return Ok(None),
        },
    };
    let Some((branch, depth)) = place_after(mongo, chat, parent).await? else { return Ok(None) };
    let next = headers_at(mongo, [BranchDepth::of_any(branch, depth)]).await?;
    Ok(next.into_iter().next().map(MessageHeader::version_key))
}
