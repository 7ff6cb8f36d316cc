//! Requests for forks of chats: chats whose lines begin with a part of a line of another chat, by reference.

use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// The point on a line from which a chat forks, as a client names it.
#[derive(Debug, Clone, Copy)]
pub struct ForkPointRequest {
    /// The owner.
    pub owner: UserId,
    /// The chat, or a branch of it.
    pub target: BranchId,
    /// The branch of this chat on whose line the message lies; none for the target.
    pub branch: Option<BranchId>,
    /// The message; none for the head of the branch, or for a chat of its active branch.
    pub message: Option<ResponseId>,
}

/// The point on a line from which a chat forks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChatForkPoint {
    /// The chat in which the message is read.
    pub chat: ChatId,
    /// The message; none for an empty line.
    pub message: Option<ResponseId>,
}

/// A chat to fork from another.
#[derive(Debug, Clone, Copy)]
pub struct ChatForkRequest {
    /// The new chat.
    pub chat: ChatId,
    /// The owner of both.
    pub owner: UserId,
    /// When the new chat was created.
    pub created_at: Timestamp,
    /// The point from which it forks.
    pub from: ChatForkPoint,
}
