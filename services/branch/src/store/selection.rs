//! The selection of a page of all messages of a user, the same on every engine.

use super::TimePosition;
use crate::domain::MAX_PAGE_BYTES;
use crate::error::Error;
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId, ResponseId};

/// The most reads for a page whose hidden messages are dropped.
const MAX_READS_PER_PAGE: usize = 6;

/// The sum of the sizes of texts, in bytes.
pub(super) fn text_bytes(sizes: impl Iterator<Item = i64>) -> usize {
    usize::try_from(sizes.sum::<i64>()).unwrap_or_default()
}

/// A message of a user, without its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: ResponseId,
    pub(super) branch: BranchId,
    pub(super) created_at: Timestamp,
    pub(super) bytes: i64,
}

/// The messages of a page, each with its chat, and where the next page begins.
pub(super) type Selected = (Vec<(Entry, ChatId)>, Option<TimePosition>);

/// Selects the messages of a page. `read` returns messages after a position, newest first, each with its chat if its owner
/// can see it.
pub(super) async fn select<R>(
    after: Option<TimePosition>,
    limit: usize,
    read: impl Fn(Option<TimePosition>, usize) -> R,
) -> Result<Selected, Error>
where
    R: Future<Output = Result<Vec<(Entry, Option<ChatId>)>, Error>>,
{
    let mut page = Selection { limit, bytes: 0, chosen: Vec::new(), passed: after };
    let mut next = None;
    for _ in 0..MAX_READS_PER_PAGE {
        let entries = read(page.passed, limit + 1).await?;
        let is_last = entries.len() <= limit;
        let is_full = page.take(entries);
        next = if is_full || !is_last { page.passed } else { None };
        if is_full || is_last {
            break;
        }
    }
    Ok((page.chosen, next))
}

/// The messages chosen for a page so far.
#[derive(Debug)]
struct Selection {
    limit: usize,
    bytes: i64,
    chosen: Vec<(Entry, ChatId)>,
    /// The last one that was considered.
    passed: Option<TimePosition>,
}

impl Selection {
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
