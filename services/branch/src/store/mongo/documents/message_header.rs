//! The part of a message by which it is ordered.

use crate::store::mongo::client::update_command::statement;
use crate::store::mongo::documents::fields::{micros, text};
use crate::store::version_list::VersionKey;
use mongodb::bson::{Document, doc};
use serde::Deserialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};

/// A message without its texts: its id, its place on a line, and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct MessageHeader {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    #[serde(with = "micros")]
    pub(crate) created_at: Timestamp,
    /// Whether it is an answer that is not confirmed.
    #[serde(default)]
    pub(crate) provisional: bool,
}

impl MessageHeader {
    /// The fields of a message to read.
    pub(crate) fn fields() -> Document {
        doc! {"_id": 1, "branch": 1, "depth": 1, "created_at": 1, "provisional": 1}
    }

    /// The same, whether it is confirmed or not.
    pub(crate) const fn confirmed(self) -> Self {
        Self { provisional: false, ..self }
    }

    /// The update that writes it as the hint of its branch's head. The hint is never lowered, in whatever order the replicas write.
    pub(crate) fn head_hint(&self) -> Document {
        let lower = doc! {"_id": self.branch.to_string(), "head_depth": {"$lte": self.depth}};
        let time = doc! {"depth": self.depth, "at": self.created_at.as_micros()};
        let head = doc! {"head_depth": self.depth, "head": self.id.to_string(), "head_time": time};
        statement(lower, doc! {"$set": head})
    }

    /// The sort key among the versions of a message.
    pub(crate) const fn version_key(self) -> VersionKey {
        VersionKey { created_at: self.created_at, id: self.id, branch: self.branch }
    }
}
