//! Messages to copy: their sizes first, then their texts.

use crate::domain::{Forks, Message};
use crate::error::Error;
use crate::store::mongo::documents::fields::texts;
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::engine::MongoEngine;
use crate::store::mongo::read::kept_messages::is_kept;
use crate::store::mongo::read::message_entry::{EntryDoc, entry_fields};
use crate::store::mongo::read::message_list::chats_of;
use crate::store::selection::copied_bytes;
use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use shared::ids::{ResponseId, UserId};
use shared_web::body_limits::Reservation;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

impl MongoEngine {
    pub(crate) async fn read_sources(
        &self,
        owner: UserId,
        ids: Arc<[ResponseId]>,
    ) -> Result<(Vec<Message>, Reservation), Error> {
        let sizes = visible(self, owner, &ids).await?;
        // Twice: the driver's buffers beside the documents, and later those beside the copies.
        let memory = self.memory.reserve(2 * copied_bytes(&ids, &sizes)?).await?;
        let found = self.messages.find(doc! {"_id": {"$in": texts(sizes.keys())}});
        let found: Vec<MessageDoc> = found.await?.try_collect().await?;
        // What is scrubbed meanwhile is there, without its texts.
        let is_whole = |message: &MessageDoc| sizes.get(&message.id) == Some(&message.text_bytes);
        if found.len() != sizes.len() || !found.iter().all(is_whole) {
            return Err(Error::MessageNotFound);
        }
        Ok((found.into_iter().map(|message| message.into_message(Forks::default())).collect(), memory))
    }
}

/// The bytes of the texts of those of these messages that the owner can see.
async fn visible(
    mongo: &MongoEngine,
    owner: UserId,
    ids: &[ResponseId],
) -> Result<HashMap<ResponseId, i64>, Error> {
    let distinct: BTreeSet<_> = ids.iter().collect();
    let filter = doc! {"_id": {"$in": texts(distinct)}, "owner": owner.to_string()};
    let typed = mongo.messages.clone_with_type::<EntryDoc>();
    let found: Vec<_> = typed.find(filter).projection(entry_fields()).await?.try_collect().await?;
    let chats = chats_of(mongo, owner, &found).await?;
    let (seen, hidden): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|entry| chats.contains_key(&entry.branch));
    let kept = kept(mongo, &hidden).await?;
    Ok(seen.into_iter().chain(kept).map(|entry| (entry.id, entry.text_bytes)).collect())
}

/// Those of these messages whose own chat is deleted, and which are kept.
async fn kept(mongo: &MongoEngine, hidden: &[EntryDoc]) -> Result<Vec<EntryDoc>, Error> {
    let trunks = hidden.iter().map(|entry| entry.chat.trunk()).collect();
    let trunks = mongo.branch_loader.load_many(trunks).await?;
    let mut kept = Vec::new();
    for entry in hidden {
        let is_gone = trunks.get(&entry.chat.trunk()).is_none_or(|trunk| !trunk.alive);
        if is_gone && is_kept(mongo, entry.chat, (entry.branch, entry.depth)).await? {
            kept.push(*entry);
        }
    }
    Ok(kept)
}
