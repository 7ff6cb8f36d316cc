//! The part of a message that lists choose it by.

use crate::store::mongo::documents::fields::{micros, text};
use crate::store::selection::Entry;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// The part of a message that a list needs.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct EntryDoc {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    #[serde(with = "text")]
    pub(crate) chat: ChatId,
    #[serde(with = "micros")]
    created_at: Timestamp,
    pub(crate) text_bytes: i64,
}

/// The fields of an [`EntryDoc`].
pub(crate) fn entry_fields() -> Document {
    doc! {"_id": 1, "branch": 1, "depth": 1, "chat": 1, "created_at": 1, "text_bytes": 1}
}

impl EntryDoc {
    /// The entry of a selection.
    pub(crate) const fn entry(self) -> Entry {
        Entry { id: self.id, branch: self.branch, created_at: self.created_at, bytes: self.text_bytes }
    }
}
