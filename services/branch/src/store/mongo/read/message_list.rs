//! The messages of a user, or of a chat, by time.

use crate::domain::{Message, Order};
use crate::error::Error;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::inherited_messages::InheritedMessages;
use crate::store::mongo::read::message_entry::{EntryDoc, entry_fields};
use crate::store::mongo::read::reading_chat::ReadingChat;
use crate::store::mongo::read::target::Target;
use crate::store::mongo::read::time_ranges::TimeRanges;
use crate::store::mongo::read::{message_forks, versions};
use crate::store::selection::Selection;
use crate::store::{ListRequest, MessagePage, TimePosition};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::HashMap;

impl MongoEngine {
    pub(crate) async fn list_messages(
        &self,
        request: &ListRequest,
    ) -> Result<MessagePage<TimePosition>, Error> {
        let &ListRequest { owner, after, limit, .. } = request;
        let listed = Listed::find(self, request).await?;
        let mut selection = Selection::new(after, limit);
        while let Some((after, count)) = selection.next_read() {
            let found = listed.entries(self, after, count).await?;
            let visible = chats_of(self, owner, &found).await?;
            let chat = |found: EntryDoc| {
                let inherited = Some(found.chat).filter(|chat| listed.inherits_from(*chat));
                (found.entry(), inherited.or_else(|| visible.get(&found.branch).copied()))
            };
            selection.add(found.into_iter().map(chat).collect());
        }
        // Twice: the driver's buffers beside the documents, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * selection.text_bytes()).await?;
        let (chosen, next) = selection.finish();
        let ids: Vec<_> = chosen.iter().map(|(entry, _)| entry.id).collect();
        let items = read(self, listed.reading, &ids).await?;
        Ok(MessagePage { items, next, previous: None, memory })
    }
}

/// A list: a range of the index (owner, `created_at`, id), or of (chat, `created_at`, id).
struct Listed {
    reading: ReadingChat,
    equal: Document,
    order: Order,
    /// When the first message can have been stored, in microseconds.
    oldest: i64,
    /// An estimate of the time between two messages. It chooses the way to read them, and never the answer.
    micros_per_message: i64,
    /// The messages that the chat inherits.
    inherited: Option<InheritedMessages>,
}

impl Listed {
    async fn find(mongo: &MongoEngine, request: &ListRequest) -> Result<Self, Error> {
        let &ListRequest { owner, target, order, .. } = request;
        let Some(target) = target else {
            // In one range, as nothing is known of them.
            let equal = doc! {"owner": owner.to_string()};
            return Ok(Self {
                reading: ReadingChat::Own,
                equal,
                order,
                oldest: i64::MIN,
                micros_per_message: i64::MAX,
                inherited: None,
            });
        };
        let target = Target::find(mongo, owner, target, []).await?.require()?;
        let trunk = target.trunk();
        let oldest = trunk.created_at.as_micros();
        let age = mongo.clock.now().as_micros().saturating_sub(oldest).max(0);
        let micros_per_message = age / trunk.head_depth.max(trunk.forks).max(1);
        Ok(Self {
            reading: ReadingChat::One(trunk.chat),
            equal: doc! {"chat": trunk.chat.to_string()},
            order,
            oldest,
            micros_per_message,
            inherited: InheritedMessages::of(trunk)?,
        })
    }

    /// Whether the list has messages of this chat because its own inherits them.
    fn inherits_from(&self, chat: ChatId) -> bool {
        self.inherited.as_ref().is_some_and(|inherited| inherited.are_of(chat))
    }

    /// The messages after a position: those that are inherited are older than all others.
    async fn entries(
        &self,
        mongo: &MongoEngine,
        after: Option<TimePosition>,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let Some(inherited) = &self.inherited else { return self.own_entries(mongo, after, count).await };
        let position = inherited.depth_at(mongo, after).await?;
        let mut found = Vec::new();
        match (self.order, position) {
            (Order::Asc, None) if after.is_some() => found = self.own_entries(mongo, after, count).await?,
            (Order::Asc, position) => {
                found.extend(inherited.after(mongo, position.unwrap_or(0), count).await?);
                if found.len() < count {
                    found.extend(self.own_entries(mongo, None, count - found.len()).await?);
                }
            }
            (Order::Desc, Some(position)) => found = inherited.before(mongo, position, count).await?,
            (Order::Desc, None) => {
                found.extend(self.own_entries(mongo, after, count).await?);
                if found.len() < count {
                    found.extend(inherited.before(mongo, i64::MAX, count - found.len()).await?);
                }
            }
        }
        Ok(found)
    }

    /// The messages of the index after a position.
    async fn own_entries(
        &self,
        mongo: &MongoEngine,
        after: Option<TimePosition>,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let mut found = Vec::new();
        if let Some(TimePosition { created_at, id }) = after {
            let beyond = match self.order {
                Order::Desc => "$lt",
                Order::Asc => "$gt",
            };
            let same_time = doc! {"created_at": created_at.as_micros(), "_id": {beyond: id.to_string()}};
            found = self.first(mongo, same_time, count).await?;
        }
        let after = after.map(|after| after.created_at.as_micros());
        // Narrow at first, lest a burst be read whole.
        let ranges = TimeRanges::new(self.order, after, self.oldest, mongo.clock.now())
            .with_width(self.micros_per_message);
        ranges
            .read(found, count, |range, missing| self.first(mongo, doc! {"created_at": range}, missing))
            .await
    }

    async fn first(
        &self,
        mongo: &MongoEngine,
        range: Document,
        count: usize,
    ) -> Result<Vec<EntryDoc>, Error> {
        let direction = match self.order {
            Order::Desc => -1,
            Order::Asc => 1,
        };
        let mut filter = self.equal.clone();
        filter.extend(range);
        let typed = mongo.messages.clone_with_type::<EntryDoc>();
        let found = typed
            .find(filter)
            .projection(entry_fields())
            .sort(doc! {"created_at": direction, "_id": direction});
        Ok(found.limit(i64::try_from(count).unwrap_or(i64::MAX)).await?.try_collect().await?)
    }
}

/// The chats of the branches that the owner can see.
pub(crate) async fn chats_of(
    mongo: &MongoEngine,
    owner: UserId,
    entries: &[EntryDoc],
) -> Result<HashMap<BranchId, ChatId>, Error> {
    let ids = entries.iter().flat_map(|entry| [entry.branch, entry.chat.trunk()]).collect();
    let (found, now) = (mongo.branch_loader.load_many(ids).await?, mongo.clock.now());
    for branch in found.values().filter(|branch| branch.is_trunk()) {
        mongo.branch_cache.add(branch, now)?;
    }
    let alive: HashMap<_, _> = found
        .into_values()
        .filter(|branch| branch.alive && branch.owner == owner)
        .map(|branch| (branch.id, branch.chat))
        .collect();
    let visible = |(branch, chat): (&BranchId, &ChatId)| {
        alive.get(&chat.trunk()).filter(|_| alive.contains_key(branch)).map(|_| (*branch, *chat))
    };
    Ok(alive.iter().filter_map(visible).collect())
}

/// Reads messages in the order of these ids, without those that were deleted meanwhile.
async fn read(mongo: &MongoEngine, reading: ReadingChat, ids: &[ResponseId]) -> Result<Vec<Message>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = mongo.messages.find(doc! {"_id": {"$in": texts(ids)}});
    let found: Vec<MessageDoc> = found.await?.try_collect().await?;
    let forks = message_forks::of_messages(mongo, reading, &found, message_forks::ForksByMessage::new());
    let versions = versions::of_messages(mongo, reading, &found);
    let (mut forks, versions) = futures_util::try_join!(forks, versions)?;
    let mut found: HashMap<_, _> = found.into_iter().map(|message| (message.id, message)).collect();
    let message = |id: &ResponseId| {
        let forks = forks.remove(id).unwrap_or_default();
        let version = versions.get(id).copied();
        let message = found.remove(id)?.into_message(forks).with_version(version);
        let chat = reading.of(message.chat);
        Some(message.read_in(chat))
    };
    Ok(ids.iter().filter_map(message).collect())
}
