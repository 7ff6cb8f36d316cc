//! Requests for single messages.

use shared::ids::{BranchId, ChatId, ResponseId, UserId};

/// A message, as a client names it.
///
/// It is read in a chat: in its own, or in one that was forked from that and inherits it. Without a reading chat, a message whose own
/// chat is deleted is found if the line of a living fork passes through it.
#[derive(Debug, Clone, Copy)]
pub struct MessageRequest {
    /// The reader.
    pub owner: UserId,
    /// The message.
    pub message: ResponseId,
    /// The chat in which it is read, or a branch of that; none for the message's own.
    pub reading_chat: Option<BranchId>,
}

impl MessageRequest {
    /// A message in its own chat.
    pub const fn in_own_chat(owner: UserId, message: ResponseId) -> Self {
        Self { owner, message, reading_chat: None }
    }
}

/// A message without its texts, as it is read in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FoundMessage {
    /// The chat in which it is read.
    pub(crate) chat: ChatId,
    pub(crate) parent: Option<ResponseId>,
    pub(crate) depth: i64,
}
