//! Branches.

use super::subtree::BranchLink;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use shared::tags::{Tag, Tags};

/// A branch as it is now, without its ancestry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its id; the trunk's is the chat's.
    pub id: BranchId,
    /// The chat that it belongs to.
    pub chat: ChatId,
    /// The branch that owns the message it forked from, or the trunk where that message is inherited from another chat; none for a trunk.
    pub parent: Option<BranchId>,
    /// The message it forked from; none for a fork before the first message, and for the trunk of a chat that was not forked.
    pub forked_from: Option<ResponseId>,
    /// The depth of that message, or 0.
    pub fork_depth: i64,
    /// How many ancestors it has in its chat.
    pub level: i64,
    /// The name.
    pub name: Option<String>,
    /// The depth of the last message of its line.
    pub head_depth: i64,
    /// The last message of its line, none while that is empty.
    pub head: Option<ResponseId>,
    /// The messages of its own; none while it has none.
    pub own: Option<OwnMessages>,
    /// The tags.
    pub tags: Tags,
    /// Whether it is archived: everything still works.
    pub archived: bool,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The ends of the messages that a branch owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnMessages {
    /// The first one.
    pub first: ResponseId,
    /// The preview of the first question.
    pub preview: String,
    /// When the last one was stored.
    pub last_at: Timestamp,
}

impl Branch {
    /// Whether this is its chat's trunk, which has the chat's own id.
    pub fn is_trunk(&self) -> bool {
        self.id == self.chat.trunk()
    }

    /// The number of messages it owns.
    pub const fn message_count(&self) -> i64 {
        self.head_depth - self.fork_depth
    }

    /// Its link to its parent.
    pub const fn link(&self) -> BranchLink {
        BranchLink { branch: self.id, parent: self.parent }
    }

    /// Its sort key.
    pub const fn key(&self) -> BranchKey {
        BranchKey { level: self.level, created_at: self.created_at, id: self.id }
    }
}

/// The sort key of a branch among those of its chat: parents come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct BranchKey {
    /// How many ancestors the branch has.
    pub level: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its id, among those of the same time.
    pub id: BranchId,
}

/// The condition on the branches of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BranchFilter {
    /// Those with this tag.
    pub tag: Option<Tag>,
    /// Those that are archived, or those that are not.
    pub archived: Option<bool>,
}

impl BranchFilter {
    /// Whether it matches every branch.
    pub const fn is_empty(&self) -> bool {
        self.tag.is_none() && self.archived.is_none()
    }

    /// Whether it matches a branch with these tags.
    pub fn matches(&self, tags: &Tags, archived: bool) -> bool {
        self.tag.as_ref().is_none_or(|tag| tags.contains(tag))
            && self.archived.is_none_or(|wanted| wanted == archived)
    }
}
