//! Arguments and results of the operations that delete for a while, and restore.

use super::positions::DeletionPosition;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, UserId};

/// The number of the last change of the state of a chat that there can be.
pub(super) const LAST_CHANGE: i64 = i64::MAX;

/// The state of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChatState {
    /// Not deleted.
    Alive,
    /// Deleted for a while: nothing of it is purged.
    Deleted {
        /// Until when it can be restored.
        purge_at: Timestamp,
    },
    /// Deleted for good.
    Destroyed,
}

/// A change of the state of a chat, as the chat service wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatStateChange {
    /// The chat.
    pub chat: ChatId,
    /// The owner.
    pub owner: UserId,
    /// When the chat was created.
    pub created_at: Timestamp,
    /// The state.
    pub state: ChatState,
    /// Rises with every change of a chat; the change with the highest number counts.
    pub number: i64,
}

/// A page of the deletions in a chat that can be undone, as a client requests it.
#[derive(Debug, Clone, Copy)]
pub struct DeletedBranchesRequest {
    /// The reader.
    pub owner: UserId,
    /// The chat, or any of its branches.
    pub target: BranchId,
    /// The position after which the page begins; none for the first page.
    pub after: Option<DeletionPosition>,
    /// The most entries that the page may have.
    pub limit: usize,
}

/// A deletion that can be undone: the branch that the request named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedBranch {
    /// The branch, and when it was deleted.
    pub at: DeletionPosition,
    /// Its name.
    pub name: Option<String>,
    /// Until when it can be restored.
    pub purge_at: Timestamp,
    /// The number of branches that the request took, this one included.
    pub branch_count: i64,
}

/// A page of the deletions in a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedBranchPage {
    /// The newest first.
    pub items: Vec<DeletedBranch>,
    /// The position after which the next page begins; none at the end.
    pub next: Option<DeletionPosition>,
}

impl DeletedBranchPage {
    /// A page of at most `limit` entries, of which one more was read to see whether there is one.
    pub(super) fn new(mut items: Vec<DeletedBranch>, limit: usize) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|last| last.at);
        Self { items, next }
    }
}
