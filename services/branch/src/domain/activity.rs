//! The activity of chats, which the chat service is told of.

use serde::Serialize;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};

/// The activity of a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ChatActivity {
    /// The chat.
    pub chat_id: ChatId,
    /// Orders what was read of the chat: of two values, the one with the higher version was read later.
    pub version: i64,
    /// The active branch.
    pub active_branch_id: BranchId,
    /// How many messages its living branches own.
    pub message_count: u32,
    /// When the last of these was stored; none where there are none.
    pub last_message_at: Option<Timestamp>,
    /// When its tree was last changed.
    pub changed_at: Timestamp,
}
