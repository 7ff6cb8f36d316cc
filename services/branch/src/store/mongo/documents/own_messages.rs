//! The first and the last message that a branch owns, of which its document has hints.

use crate::store::mongo::client::update_command::statement;
use crate::store::mongo::documents::fields::{micros, text};
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};

/// The last message that a branch owns.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct LastMessage {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: ResponseId,
    #[serde(with = "text")]
    pub(crate) branch: BranchId,
    pub(crate) depth: i64,
    #[serde(with = "micros")]
    pub(crate) created_at: Timestamp,
}

impl LastMessage {
    /// The fields of a message to read.
    pub(crate) fn fields() -> Document {
        doc! {"_id": 1, "branch": 1, "depth": 1, "created_at": 1}
    }

    /// The update that writes the hints. They are never lowered, in whatever order the replicas write.
    pub(crate) fn hint(&self) -> Document {
        let lower = doc! {"_id": self.branch.to_string(), "head_depth": {"$lte": self.depth}};
        let time = doc! {"depth": self.depth, "at": self.created_at.as_micros()};
        let head = doc! {"head_depth": self.depth, "head": self.id.to_string(), "head_time": time};
        statement(lower, doc! {"$set": head})
    }
}

/// When the head was stored: a hint that counts only for this depth, as an older version of the program writes the depth alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadTime {
    pub(crate) depth: i64,
    #[serde(with = "micros")]
    pub(crate) at: Timestamp,
}

/// The first message that a branch owns. It never changes.
#[derive(Debug, Clone)]
pub(crate) struct FirstMessage {
    pub(crate) id: ResponseId,
    pub(crate) branch: BranchId,
    pub(crate) created_at: Timestamp,
    /// Of its question.
    pub(crate) preview: String,
}

impl FirstMessage {
    /// The update that writes the hints, unless they are there. A tombstone gets none: its texts are deleted.
    pub(crate) fn hint(&self) -> Document {
        let without = doc! {"_id": self.branch.to_string(), "alive": true, "first": null};
        let (first, first_at) = (self.id.to_string(), self.created_at.as_micros());
        let first = doc! {"first": first, "first_at": first_at, "preview": &self.preview};
        statement(without, doc! {"$set": first})
    }
}
