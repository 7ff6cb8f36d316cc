//! Chats of so many branches that their messages are not counted for each change.

use super::changed_chats::LatestChanges;
use crate::store::TreeActivity;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};
use std::collections::HashMap;
use std::time::Duration;

/// The branches up to which messages are counted at once.
const MAX_BRANCHES_COUNTED_AT_ONCE: usize = 1_000;
/// The least time between two counts of a chat that has more.
const COUNT_INTERVAL: Duration = Duration::from_secs(25);

/// The large chats that this process has read.
#[derive(Debug, Default)]
pub(super) struct LargeChats(HashMap<ChatId, LargeChat>);

#[derive(Debug)]
struct LargeChat {
    read: TreeActivity,
    next_count: Timestamp,
    /// Since when the count is not that of the tree.
    stale_since: Option<Timestamp>,
}

impl LargeChats {
    /// The chats whose messages are to be counted now.
    pub(super) fn due(&self, now: Timestamp) -> impl Iterator<Item = ChatId> {
        let due = move |large: &LargeChat| large.stale_since.is_some() && large.next_count <= now;
        self.0.iter().filter(move |(_, large)| due(large)).map(|(chat, _)| *chat)
    }

    /// Whether the messages of a chat are not to be counted yet.
    pub(super) fn waits(&self, chat: ChatId, now: Timestamp) -> bool {
        self.0.get(&chat).is_some_and(|large| now < large.next_count)
    }

    /// The activity of a chat that waits: as it was read, but for what changes show without the branches.
    pub(super) fn estimate(
        &mut self,
        chat: ChatId,
        active: BranchId,
        latest: LatestChanges,
        now: Timestamp,
    ) -> Option<TreeActivity> {
        let large = self.0.get_mut(&chat)?;
        large.stale_since.get_or_insert(now);
        large.read.active = active;
        large.read.last_message_at = large.read.last_message_at.max(latest.said_at);
        Some(large.read)
    }

    /// Takes note of the chats whose messages were counted, and what was read of those that are there.
    pub(super) fn record(&mut self, counted: &[ChatId], trees: &[TreeActivity], now: Timestamp) {
        let large: HashMap<_, _> = trees
            .iter()
            .filter(|tree| tree.branches > MAX_BRANCHES_COUNTED_AT_ONCE)
            .map(|tree| (tree.chat, *tree))
            .collect();
        for chat in counted {
            let stale_since = self.0.remove(chat).and_then(|known| known.stale_since);
            if let Some(read) = large.get(chat) {
                let next_count = now.plus(COUNT_INTERVAL);
                self.0.insert(*chat, LargeChat { read: *read, next_count, stale_since });
            }
        }
    }

    /// Takes note that the counts of these chats are reported.
    pub(super) fn settle(&mut self, counted: &[ChatId]) {
        for chat in counted {
            if let Some(large) = self.0.get_mut(chat) {
                large.stale_since = None;
            }
        }
    }

    /// Since when a count is stale: watermarks must not pass it.
    pub(super) fn stale_since(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|large| large.stale_since).min()
    }
}
