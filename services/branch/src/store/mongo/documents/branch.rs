//! The document of a branch.

use crate::domain::{Ancestry, Branch, BranchKey, OwnMessages, ScannedBranch};
use crate::error::Error;
use crate::store::ancestry_codec;
use crate::store::mongo::client::errors::broken;
use crate::store::mongo::documents::branch_state::BranchState;
use crate::store::mongo::documents::fields::{is_zero, maybe_text, micros, text};
use crate::store::mongo::documents::message_header::MessageHeader;
use crate::store::mongo::documents::own_messages::{FirstMessage, HeadTime};
use crate::store::mongo::documents::undo_state::UndoState;
use mongodb::bson::{Binary, Document, doc};
use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::idempotency::IdempotencyKey;
use shared::ids::{BranchId, ChatId, KeyId, OperationId, ResponseId, UserId};
use shared::tags::Tags;

/// A branch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the document")]
pub(crate) struct BranchDoc {
    #[serde(rename = "_id", with = "text")]
    pub(crate) id: BranchId,
    /// Stored as `root`; a message's chat is stored as `chat`.
    #[serde(rename = "root", with = "text")]
    pub(crate) chat: ChatId,
    #[serde(with = "text")]
    pub(crate) owner: UserId,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<BranchId>,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) forked_from: Option<ResponseId>,
    pub(crate) fork_depth: i64,
    /// How many parents it has in its chat. Its ancestry has a level of its own, which goes on from chat to chat.
    pub(crate) level: i64,
    /// The branch of another chat that owns the message it forks from: on the trunk of a fork of a chat, and on the branches of that
    /// at inherited messages.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) stands_on: Option<BranchId>,
    /// The chat that a trunk is forked from, while that is under way.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<ChatId>,
    /// The encoded ancestry. Stored as `place`, like the column in SQL.
    #[serde(rename = "place")]
    pub(crate) encoded_ancestry: Binary,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// A hint of the head: never past it, often behind.
    pub(crate) head_depth: i64,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) head: Option<ResponseId>,
    /// When the head was stored, if it is a message of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) head_time: Option<HeadTime>,
    /// Hints of the first message of its own: once there they never change, and they may come late.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<ResponseId>,
    /// When that was stored, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_at: Option<i64>,
    /// Of its question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<String>,
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub(crate) tags: Tags,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) archived: bool,
    /// On trunks only. If it is deleted, its nearest living ancestor is meant.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) active: Option<BranchId>,
    #[serde(with = "micros")]
    pub(crate) created_at: Timestamp,
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) key_id: Option<KeyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_hash: Option<Binary>,
    /// False for a tombstone. A field of its own, so that partial indexes can use it.
    pub(crate) alive: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<BranchState>,
    /// When the sweep takes it up, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) due: Option<i64>,
    /// The operation that has set the state: a later transition names it, so that it ends no other's.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) op: Option<OperationId>,
    /// On the fork of an answer under way: the branch whose line it goes on with. If that is gone, the fork is rolled back, also where
    /// its parent is there. Stored as `line`.
    #[serde(rename = "line", default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) answer_line: Option<BranchId>,
    /// Whether the fork under way becomes the active branch.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) activate: bool,
    /// The branch that was active before such a fork. Stored as `over`.
    #[serde(rename = "over", default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) previous_active: Option<BranchId>,
    /// When it was deleted, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_at: Option<i64>,
    /// The state of its deletion, while that can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<UndoState>,
    /// When the sweep takes that up, in microseconds; none for a trunk, whose chat the chat service purges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undo_due: Option<i64>,
    /// Until when it can be restored, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) purge_at: Option<i64>,
    /// The request that has deleted it, the same on all that it took.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) deletion: Option<OperationId>,
    /// On the branch that the request has named: how many it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deleted_count: Option<i64>,
    /// On the same: the branch that was active, if the deletion has chosen another one.
    #[serde(default, with = "maybe_text", skip_serializing_if = "Option::is_none")]
    pub(crate) active_before: Option<BranchId>,
    /// On trunks only: the number of the last change of the chat's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) chat_state_number: Option<i64>,
    /// On trunks only: hints of how many forks the chat has, and how deep. They choose the way to read the branches, and
    /// never the answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) forks: i64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) deepest: i64,
    /// The depth up to which the first pass has deleted the messages of a tombstone. Stored as `cleared_to`.
    #[serde(rename = "cleared_to", default, skip_serializing_if = "Option::is_none")]
    pub(crate) first_pass_depth: Option<i64>,
    /// The depth down to which that has kept them. Stored as `kept_to`.
    #[serde(rename = "kept_to", default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept_depth: Option<i64>,
    /// When it was last made the active branch of its chat, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) activated_at: Option<i64>,
    /// When it was last forked, chosen, changed, deleted or restored, in microseconds: what the chat service is told of, beside messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changed_at: Option<i64>,
    /// Whether it was never there: the sweep has found messages that a branch with this id was to begin with, and keeps it from
    /// being inserted late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) aborted: bool,
}

impl BranchDoc {
    pub(crate) fn is_trunk(&self) -> bool {
        self.id == self.chat.trunk()
    }

    /// The parent in its ancestry: the branch that owns the message it forks from, in whichever chat.
    pub(crate) fn ancestry_parent(&self) -> Option<BranchId> {
        self.stands_on.or(self.parent)
    }

    /// Its place among the branches of its chat.
    pub(crate) const fn key(&self) -> BranchKey {
        BranchKey { level: self.level, created_at: self.created_at, id: self.id }
    }

    pub(crate) fn is_in(&self, state: BranchState) -> bool {
        self.state == Some(state)
    }

    /// Whether it is a tombstone that can be restored.
    pub(crate) fn is_restorable(&self, now: Timestamp) -> bool {
        let is_deleted = matches!(self.undo, Some(UndoState::Deleting | UndoState::Deleted));
        is_deleted && !self.alive && self.purge_at.is_some_and(|purge_at| now.as_micros() < purge_at)
    }

    /// Whether a request with this key has made it.
    pub(crate) fn is_made_by(&self, key: &IdempotencyKey) -> bool {
        self.request_hash.as_ref().is_some_and(|hash| hash.bytes == key.hash.0)
    }

    /// Decodes the ancestry.
    pub(crate) fn ancestry(&self) -> Result<Ancestry, Error> {
        ancestry_codec::decode(&self.encoded_ancestry.bytes)
            .ok_or_else(|| broken(format!("branches: the place of {} is no ancestry", self.id)))
    }

    /// Replaces the hints of the head.
    pub(crate) const fn set_last(&mut self, last: &MessageHeader) {
        (self.head_depth, self.head) = (last.depth, Some(last.id));
        self.head_time = Some(HeadTime { depth: last.depth, at: last.created_at });
    }

    /// Replaces the hints of the first message.
    pub(crate) fn set_first(&mut self, first: FirstMessage) {
        (self.first, self.first_at) = (Some(first.id), Some(first.created_at.as_micros()));
        self.preview = Some(first.preview);
    }

    /// Whether it has messages of its own, by the hint of its head.
    pub(crate) const fn has_messages(&self) -> bool {
        self.fork_depth < self.head_depth
    }

    /// When its head was stored, if that is known.
    pub(crate) fn head_time(&self) -> Option<Timestamp> {
        self.head_time.filter(|time| time.depth == self.head_depth).map(|time| time.at)
    }

    /// The part that the plan of a page needs.
    pub(crate) const fn scanned(&self) -> ScannedBranch {
        let &Self { fork_depth, head_depth, head, .. } = self;
        ScannedBranch { key: self.key(), fork_depth, head_depth, head }
    }

    /// The branch, whose hints were followed.
    pub(crate) fn branch(self) -> Branch {
        let ends = self.first.zip(self.head_time()).filter(|_| self.has_messages());
        let own = ends.map(|(first, last_at)| OwnMessages {
            first,
            preview: self.preview.unwrap_or_default(),
            last_at,
        });
        Branch {
            id: self.id,
            chat: self.chat,
            parent: self.parent,
            forked_from: self.forked_from,
            fork_depth: self.fork_depth,
            level: self.level,
            name: self.name,
            head_depth: self.head_depth,
            head: self.head,
            own,
            tags: self.tags,
            archived: self.archived,
            created_at: self.created_at,
        }
    }
}

/// The filter and the update that complete a fork.
pub(crate) fn fork_completion(branch: BranchId, op: Option<OperationId>) -> (Document, Document) {
    let op = op.map(|op| op.to_string());
    let filter = doc! {"_id": branch.to_string(), "state": BranchState::Forking.name(), "op": op};
    let fields = ["state", "due", "op", "activate", "over", "source", "line"];
    let fields: Document = fields.into_iter().map(|field| (field.to_owned(), "".into())).collect();
    (filter, doc! {"$unset": fields})
}

#[cfg(test)]
mod tests;
