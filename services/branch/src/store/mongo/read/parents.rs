//! The parents of messages that are ranked: whether they may have forks, and what follows them.

use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::first_messages::{Origin, TimeAndId};
use crate::store::mongo::read::forked_message::ForkedMessage;
use crate::store::mongo::read::lookup::ancestry_of;
use crate::store::mongo::read::message_headers::{BranchDepth, headers_at};
use crate::store::navigation::owner_of_inherited;
use crate::store::version_list::VersionKey;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    /// A hint of how many forks it has.
    pub(crate) forks: i64,
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
            forks: message.forks,
        }
    }
}

/// The parents of messages: whether they may have forks, and where they lie.
pub(crate) struct Parents(HashMap<ResponseId, Parent>);

/// A parent: whether it may have forks, and where it lies.
#[derive(Debug, Clone, Copy)]
struct Parent {
    chat: ChatId,
    branch: BranchId,
    depth: i64,
    may_be_forked: bool,
    forks: i64,
}

impl From<&RankedMessage> for Parent {
    fn from(message: &RankedMessage) -> Self {
        let &RankedMessage { chat, branch, depth, may_be_forked, forks, .. } = message;
        Self { chat, branch, depth, may_be_forked, forks }
    }
}

impl From<ForkedMessage> for Parent {
    fn from(ForkedMessage { chat, branch, depth, forked, forks, .. }: ForkedMessage) -> Self {
        Self { chat, branch, depth, may_be_forked: forked != Some(false), forks }
    }
}

impl Parents {
    /// Reads the parents that are neither among the messages nor this one.
    pub(crate) async fn read(
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

    pub(crate) fn is_forked(&self, parent: ResponseId) -> bool {
        self.0.get(&parent).is_some_and(|parent| parent.may_be_forked)
    }

    /// A hint of how many forks a parent has.
    pub(crate) fn forks(&self, parent: ResponseId) -> i64 {
        self.0.get(&parent).map_or(0, |parent| parent.forks)
    }

    /// The messages that follow the parents (see [`place_after`]).
    pub(crate) async fn following(
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

/// The parent of versions that are listed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListedParent {
    chat: ChatId,
    /// None before the first message of the chat.
    message: Option<Parent>,
    /// A hint of how many forks begin with its versions, or more.
    pub(crate) forks: i64,
    /// A time before which no fork begins.
    pub(crate) created_at: Timestamp,
}

impl ListedParent {
    /// Reads it; none if it is gone.
    pub(crate) async fn read(mongo: &MongoEngine, (chat, parent): Origin) -> Result<Option<Self>, Error> {
        let Some(parent) = parent else {
            let trunk = mongo.branch_loader.load_one(chat.trunk()).await?;
            let listed = |trunk: BranchDoc| Self {
                chat,
                message: None,
                forks: trunk.forks,
                created_at: trunk.created_at,
            };
            return Ok(trunk.map(listed));
        };
        let parent = mongo.forked_messages.load_one(parent).await?;
        Ok(parent.map(|parent| Self {
            chat,
            message: Some(Parent::from(parent)),
            forks: parent.forks,
            created_at: parent.created_at,
        }))
    }

    /// The message that follows it (see [`place_after`]).
    pub(crate) async fn following(&self, mongo: &MongoEngine) -> Result<Option<VersionKey>, Error> {
        let Some((branch, depth)) = place_after(mongo, self.chat, self.message).await? else {
            return Ok(None);
        };
        let next = headers_at(mongo, [BranchDepth::of_any(branch, depth)]).await?;
        Ok(next.into_iter().next().map(MessageHeader::version_key))
    }
}
