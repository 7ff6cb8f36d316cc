//! The activity of chats, which the branch service reports to the chat service.

use crate::clock::Timestamp;
use crate::ids::{BranchId, ChatId};
use serde::{Deserialize, Serialize};

/// The activity of a chat, as the branch service has read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatActivity {
    /// The chat.
    pub chat_id: ChatId,
    /// Orders what was read of the chat: of two values, the one with the higher version was read later.
    pub version: i64,
    /// The active branch.
    pub active_branch_id: BranchId,
    /// The number of messages that its living branches own.
    pub message_count: u32,
    /// When the last of these was stored; none where there are none. Where reports are joined, also of those that are deleted.
    pub last_message_at: Option<Timestamp>,
    /// When its tree was last changed.
    pub changed_at: Timestamp,
}

impl ChatActivity {
    /// Both as one: the values of the higher version, and the latest times.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let newer = if other.version >= self.version { other } else { self };
        Self {
            last_message_at: self.last_message_at.max(other.last_message_at),
            changed_at: self.changed_at.max(other.changed_at),
            ..newer
        }
    }
}
