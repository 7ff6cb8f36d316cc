//! Messages by id, by idempotency key, and by user.

use crate::domain::Message;
use crate::error::Error;
use crate::store::mongo::documents::fields::{micros, text, texts};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::lookup::branch_with_trunk;
use crate::store::mongo::read::{message_forks, versions};
use crate::store::selection::{Entry, Selection};
use crate::store::{MessagePage, TimePosition};
use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::HashMap;

impl MongoEngine {
    pub(crate) async fn read_message(&self, owner: UserId, id: ResponseId) -> Result<Option<Message>, Error> {
        let filter = doc! {"_id": id.to_string(), "owner": owner.to_string()};
        let Some(found) = self.messages.find_one(filter).await? else { return Ok(None) };
        if branch_with_trunk(self, owner, found.chat, found.branch).await?.require_both().is_err() {
            return Ok(None);
        }
        let found = [found];
        let forks = message_forks::of_messages(self, &found, message_forks::ForksByMessage::new());
        let (mut forks, mut versions) = futures_util::try_join!(forks, versions::of_messages(self, &found))?;
        let [found] = found;
        let message = found.into_message(forks.remove(&id).unwrap_or_default());
        Ok(Some(message.with_version(versions.remove(&id))))
    }
}

/// The part of a message that the list of a user's messages needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct EntryDoc {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    #[serde(with = "text")]
    chat: ChatId,
    #[serde(with = "micros")]
    created_at: Timestamp,
    pub(crate) text_bytes: i64,
}

/// The fields of an [`EntryDoc`].
pub(crate) fn entry_fields() -> Document {
    doc! {"_id": 1, "branch": 1, "chat": 1, "created_at": 1, "text_bytes": 1}
}

impl EntryDoc {
    const fn entry(self) -> Entry {
        Entry { id: self.id, branch: self.branch, created_at: self.created_at, bytes: self.text_bytes }
    }
}

impl MongoEngine {
    pub(crate) async fn list_messages(
        &self,
        owner: UserId,
        after: Option<TimePosition>,
        limit: usize,
    ) -> Result<MessagePage<TimePosition>, Error> {
        let mut selection = Selection::new(after, limit);
        while let Some((after, count)) = selection.next_read() {
            let found = entries(self, owner, after, count).await?;
            let visible = chats_of(self, owner, &found).await?;
            let chat = |found: EntryDoc| (found.entry(), visible.get(&found.branch).copied());
            selection.add(found.into_iter().map(chat).collect());
        }
        // Twice: the driver's buffers beside the documents, and later the written part of the answer beside the unwritten.
        let memory = self.memory.reserve(2 * selection.text_bytes()).await?;
        let (chosen, next) = selection.finish();
        let ids: Vec<_> = chosen.iter().map(|(entry, _)| entry.id).collect();
        let items = read(self, &ids).await?;
        Ok(MessagePage { items, next, memory })
    }
}

async fn entries(
    mongo: &MongoEngine,
    owner: UserId,
    after: Option<TimePosition>,
    count: usize,
) -> Result<Vec<EntryDoc>, Error> {
    let owner = owner.to_string();
    // Each filter is one range of the index (owner, created_at, id).
    let ranges = match after {
        None => vec![doc! {"owner": owner}],
        Some(after) => {
            let time = after.created_at.as_micros();
            vec![
                doc! {"owner": &owner, "created_at": time, "_id": {"$lt": after.id.to_string()}},
                doc! {"owner": &owner, "created_at": {"$lt": time}},
            ]
        }
    };
    let mut found = Vec::new();
    for range in ranges {
        let missing = count - found.len();
        if missing > 0 {
            found.extend(newest(mongo, range, missing).await?);
        }
    }
    Ok(found)
}

async fn newest(mongo: &MongoEngine, range: Document, count: usize) -> Result<Vec<EntryDoc>, Error> {
    let typed = mongo.messages.clone_with_type::<EntryDoc>();
    let found = typed.find(range).projection(entry_fields());
    let found =
        found.sort(doc! {"created_at": -1, "_id": -1}).limit(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(found.await?.try_collect().await?)
}

/// The chats of the branches that the owner can see.
pub(crate) async fn chats_of(
    mongo: &MongoEngine,
    owner: UserId,
    entries: &[EntryDoc],
) -> Result<HashMap<BranchId, ChatId>, Error> {
    let ids = entries.iter().flat_map(|entry| [entry.branch, entry.chat.trunk()]).collect();
    let found = mongo.branch_loader.load_many(ids).await?;
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
async fn read(mongo: &MongoEngine, ids: &[ResponseId]) -> Result<Vec<Message>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = mongo.messages.find(doc! {"_id": {"$in": texts(ids)}});
    let found: Vec<MessageDoc> = found.await?.try_collect().await?;
    let forks = message_forks::of_messages(mongo, &found, message_forks::ForksByMessage::new());
    let (mut forks, versions) = futures_util::try_join!(forks, versions::of_messages(mongo, &found))?;
    let mut found: HashMap<_, _> = found.into_iter().map(|message| (message.id, message)).collect();
    let message = |id: &ResponseId| {
        let forks = forks.remove(id).unwrap_or_default();
        let version = versions.get(id).copied();
        found.remove(id).map(|found| found.into_message(forks).with_version(version))
    };
    Ok(ids.iter().filter_map(message).collect())
}
