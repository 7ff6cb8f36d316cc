//! Which messages of a user a page of all of them has, the same on every engine.

use super::TimePlace;
use crate::domain::PAGE_BYTES;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};
use std::collections::HashMap;

/// How often a page from which hidden messages were dropped is filled up.
pub(super) const ROUNDS: usize = 6;

/// A message of a user, as the index has it.
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
    pub(super) chosen: Vec<(Entry, ChatId)>,
    /// The last one that was looked at.
    pub(super) passed: Option<TimePlace>,
}

impl Selection {
    pub(super) const fn new(limit: usize, after: Option<TimePlace>) -> Self {
        Self { limit, bytes: 0, chosen: Vec::new(), passed: after }
    }

    /// Takes what is visible; true as soon as a message has no room, which then begins the next page.
    pub(super) fn take(&mut self, entries: &[Entry], visible: &HashMap<BranchId, ChatId>) -> bool {
        for entry in entries {
            if let Some(chat) = visible.get(&entry.branch) {
                let crosses = self.bytes + entry.bytes > PAGE_BYTES && !self.chosen.is_empty();
                if crosses || self.chosen.len() == self.limit {
                    return true;
                }
                self.bytes += entry.bytes;
                self.chosen.push((*entry, *chat));
            }
            self.passed = Some(TimePlace { created_at: entry.created_at, id: entry.id });
        }
        false
    }
}
