//! The list of the versions of a message: its request and its result.

use super::positions::TimePosition;
use crate::domain::Previews;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// A page of the versions of a message, as a client requests it.
#[derive(Debug, Clone, Copy)]
pub struct VersionsRequest {
    /// The reader.
    pub owner: UserId,
    /// The message.
    pub message: ResponseId,
    /// The chat in which it is read, or a branch of that; none for the message's own.
    pub reading_chat: Option<BranchId>,
    /// The position after which the page begins; none for the first page.
    pub after: Option<TimePosition>,
    /// The most versions that the page may have.
    pub limit: usize,
}

/// A version of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionEntry {
    /// The message.
    pub id: ResponseId,
    /// The branch that owns it.
    pub branch: BranchId,
    /// Its number, counted from 1.
    pub number: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// The previews of its texts.
    pub previews: Previews,
    /// The branch to activate.
    pub open: OpenBranch,
}

/// The branch to activate to land where the user last was on the side of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenBranch {
    /// The branch.
    pub branch: BranchId,
    /// The head of its line.
    pub head: Option<ResponseId>,
}

/// A page of the versions of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionPage {
    /// By time and id.
    pub items: Vec<VersionEntry>,
    /// Where the next page begins; none at the end.
    pub next: Option<TimePosition>,
}

/// The versions that are listed: those with this parent, at this depth of a chat.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VersionsOf {
    pub(crate) chat: ChatId,
    pub(crate) parent: Option<ResponseId>,
    pub(crate) depth: i64,
}

/// A version, and the branch that owns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VersionKey {
    pub(crate) created_at: Timestamp,
    pub(crate) id: ResponseId,
    pub(crate) branch: BranchId,
}

impl VersionKey {
    /// The time and the id, by which versions are sorted.
    pub(crate) const fn time_and_id(&self) -> (Timestamp, ResponseId) {
        (self.created_at, self.id)
    }

    /// Its position.
    pub(crate) const fn position(&self) -> TimePosition {
        TimePosition { created_at: self.created_at, id: self.id }
    }

    /// Whether it comes after a position.
    pub(crate) fn comes_after(&self, after: Option<TimePosition>) -> bool {
        after.is_none_or(|after| (self.created_at, self.id) > (after.created_at, after.id))
    }
}

/// Cuts versions to a page: sorts them, and says where the next page begins.
pub(crate) fn cut(mut found: Vec<VersionKey>, limit: usize) -> (Vec<VersionKey>, Option<TimePosition>) {
    found.sort_unstable();
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more).map(VersionKey::position);
    (found, next)
}
