//! The chats that have changed, and when.

use crate::store::{Change, ChangeSource};
use shared::clock::Timestamp;
use shared::ids::ChatId;
use std::collections::BTreeMap;

/// The latest changes of a chat that were seen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LatestChanges {
    /// Of all kinds.
    pub(super) changed_at: Option<Timestamp>,
    /// The latest message.
    pub(super) said_at: Option<Timestamp>,
}

/// Chats, and their latest changes.
#[derive(Debug, Default)]
pub(super) struct ChangedChats(pub(super) BTreeMap<ChatId, LatestChanges>);

impl ChangedChats {
    pub(super) fn add(&mut self, source: ChangeSource, change: &Change) {
        let at = Some(change.position.at);
        let latest = self.0.entry(change.chat).or_default();
        latest.changed_at = latest.changed_at.max(at);
        if source == ChangeSource::Messages {
            latest.said_at = latest.said_at.max(at);
        }
    }

    /// Adds a chat that has not changed, and is to be read again.
    pub(super) fn add_unchanged(&mut self, chat: ChatId) {
        self.0.entry(chat).or_default();
    }
}
