//! The messages that requests fork from, for many requests in one query.

use crate::store::mongo::documents::fields::{by_ids, micros, text};
use crate::store::mongo::documents::message::MessageDoc;
use crate::store::mongo::read::data_loader::{LoadResult, Loader};
use futures_util::TryStreamExt as _;
use mongodb::Collection;
use mongodb::bson::doc;
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};
use std::collections::BTreeSet;

/// The part of a message that a fork of it needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct ForkedMessage {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) owner: UserId,
    #[serde(with = "text")]
    pub(crate) chat: ChatId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    #[serde(with = "micros")]
    pub(crate) created_at: Timestamp,
    #[serde(default)]
    pub(crate) forked: Option<bool>,
    /// A hint of how many forks it has.
    #[serde(default)]
    pub(crate) forks: i64,
}

impl From<&MessageDoc> for ForkedMessage {
    fn from(message: &MessageDoc) -> Self {
        Self {
            id: message.id,
            owner: message.owner,
            chat: message.chat,
            branch: message.branch,
            depth: message.depth,
            created_at: message.created_at,
            forked: Some(message.may_be_forked()),
            forks: message.forks,
        }
    }
}

/// Reads the messages that requests fork from, by id.
#[derive(Debug)]
pub(crate) struct ForkedMessageLoader(Collection<ForkedMessage>);

impl ForkedMessageLoader {
    pub(crate) fn new(messages: &Collection<MessageDoc>) -> Self {
        Self(messages.clone_with_type())
    }
}

impl Loader for ForkedMessageLoader {
    type Key = ResponseId;
    type Value = ForkedMessage;

    async fn load(&self, ids: &BTreeSet<ResponseId>) -> LoadResult<Self> {
        let fields = doc! {
            "_id": 1, "owner": 1, "chat": 1, "branch": 1, "depth": 1, "created_at": 1, "forked": 1, "forks": 1,
        };
        // One more than there can be, so that the cursor is exhausted by the first batch.
        let batch = u32::try_from(ids.len() + 1).unwrap_or(u32::MAX);
        let found = self.0.find(by_ids(ids)).projection(fields).batch_size(batch).await?;
        Ok(found.map_ok(|message| (message.id, message)).try_collect().await?)
    }
}
