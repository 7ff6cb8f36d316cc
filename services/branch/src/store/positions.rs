//! Positions at which pages of messages begin, as cursors hold them.

use serde::{Deserialize, Serialize};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// A position on the line of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinePosition {
    /// The chat.
    pub chat: ChatId,
    /// The branch whose line is read.
    pub branch: BranchId,
    /// The position.
    pub position: Position,
}

/// A position on a line: a depth, and a branch at or above the line's own whose line has this depth, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The branch.
    pub via: BranchId,
    /// The depth.
    pub depth: i64,
}

/// A position among the messages of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimePosition {
    /// When the message was stored.
    pub created_at: Timestamp,
    /// Its id.
    pub id: ResponseId,
}

/// A position among the deletions of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletionPosition {
    /// When the branch was deleted.
    pub deleted_at: Timestamp,
    /// Its id.
    pub id: BranchId,
}
