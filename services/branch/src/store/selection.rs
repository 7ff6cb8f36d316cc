//! The selection of a page of the messages of a user or a chat, the same on every engine.

use super::TimePosition;
use crate::domain::MAX_PAGE_BYTES;
use crate::error::Error;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::HashMap;

/// The most reads for a page whose hidden messages are dropped.
const MAX_READS_PER_PAGE: usize = 6;

/// The sum of the sizes of texts, in bytes.
pub(super) fn text_bytes(sizes: impl Iterator<Item = i64>) -> usize {
    usize::try_from(sizes.sum::<i64>()).unwrap_or_default()
}

/// The bytes of the texts of copies of these messages, each of which a user must see. `visible` has the bytes of those that are
/// there.
pub(super) fn copied_bytes(ids: &[ResponseId], visible: &HashMap<ResponseId, i64>) -> Result<usize, Error> {
    let bytes = ids.iter().map(|id| visible.get(id).copied().ok_or(Error::MessageNotFound));
    let bytes: i64 = bytes.sum::<Result<_, _>>()?;
    if bytes > MAX_PAGE_BYTES {
        return Err(Error::TextsTooLarge);
    }
    Ok(usize::try_from(bytes).unwrap_or_default())
}

/// A message of a user, without its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: ResponseId,
    pub(super) branch: BranchId,
    pub(super) created_at: Timestamp,
    pub(super) bytes: i64,
}

/// The messages chosen for a page so far.
#[derive(Debug)]
pub(super) struct Selection {
    limit: usize,
    bytes: i64,
    chosen: Vec<(Entry, ChatId)>,
    /// The last one that was considered.
    passed: Option<TimePosition>,
    has_more: bool,
    reads_left: usize,
}

impl Selection {
    /// A page of at most `limit` messages after a position.
    pub(super) const fn new(after: Option<TimePosition>, limit: usize) -> Self {
        let reads_left = MAX_READS_PER_PAGE;
        Self { limit, bytes: 0, chosen: Vec::new(), passed: after, has_more: false, reads_left }
    }

    /// The messages to read next: after which position, and how many. `None` once the page is complete.
    pub(super) fn next_read(&self) -> Option<(Option<TimePosition>, usize)> {
        (self.reads_left > 0).then_some((self.passed, self.limit + 1))
    }

    /// Adds the messages that were read, in the order of the list, each with its chat if its owner can see it.
    pub(super) fn add(&mut self, entries: Vec<(Entry, Option<ChatId>)>) {
        let is_last = entries.len() <= self.limit;
        let is_full = self.take(entries);
        self.has_more = is_full || !is_last;
        self.reads_left = if is_full || is_last { 0 } else { self.reads_left - 1 };
    }

    /// The bytes of their texts.
    pub(super) fn text_bytes(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or_default()
    }

    /// The messages, each with its chat, and where the next page begins.
    pub(super) fn finish(self) -> (Vec<(Entry, ChatId)>, Option<TimePosition>) {
        let next = self.passed.filter(|_| self.has_more);
        (self.chosen, next)
    }

    /// Takes the visible messages. True as soon as one does not fit, which then begins the next page.
    fn take(&mut self, entries: Vec<(Entry, Option<ChatId>)>) -> bool {
        for (entry, chat) in entries {
            if let Some(chat) = chat {
                let crosses = self.bytes + entry.bytes > MAX_PAGE_BYTES && !self.chosen.is_empty();
                if crosses || self.chosen.len() == self.limit {
                    return true;
                }
                self.bytes += entry.bytes;
                self.chosen.push((entry, chat));
            }
            self.passed = Some(TimePosition { created_at: entry.created_at, id: entry.id });
        }
        false
    }
}
