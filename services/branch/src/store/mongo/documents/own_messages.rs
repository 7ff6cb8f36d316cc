//! The hints that the document of a branch has of the first message and of the time of the last one that it owns.

use crate::store::mongo::client::update_command::statement;
use crate::store::mongo::documents::fields::micros;
use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ResponseId};

/// The time of the head: a hint that counts only for this depth, as an older version of the program writes the depth alone.
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
