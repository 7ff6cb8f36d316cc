//! The cache of the immutable parts of branches.
//!
//! Whether a branch is alive is never kept: each operation reads it.

use crate::domain::Ancestry;
use crate::error::Error;
use crate::store::mongo::documents::branch::BranchDoc;
use quick_cache::sync::Cache;
use quick_cache::{UnitWeighter, Weighter};
use shared::clock::Timestamp;
use shared::ids::{BranchId, ChatId};
use std::sync::Arc;
use std::time::Duration;

/// How long what was read of a branch counts: less than the day for which the id of a deleted branch stays taken, lest a
/// branch that was created anew under this id be taken for the old one.
pub(crate) const CACHE_TTL: Duration = Duration::from_secs(60 * 60);
/// The most segments of all cached ancestries: 4 MiB.
const MAX_CACHED_SEGMENTS: u64 = 1 << 16;
/// The most guesses at an active branch.
const MAX_GUESSES: usize = 1 << 13;
/// An estimate of the cached branches.
const EXPECTED_BRANCHES: usize = 1 << 14;

/// The immutable part of a branch.
#[derive(Debug)]
pub(crate) struct ImmutableBranch {
    /// When it was read, alive.
    seen_at: Timestamp,
    pub(crate) chat: ChatId,
    pub(crate) ancestry: Ancestry,
}

#[derive(Debug, Clone)]
struct BySegments;

impl Weighter<BranchId, Arc<ImmutableBranch>> for BySegments {
    fn weight(&self, _: &BranchId, branch: &Arc<ImmutableBranch>) -> u64 {
        // The other fields weigh as much as two segments.
        u64::try_from(branch.ancestry.window.len()).unwrap_or(u64::MAX).saturating_add(2)
    }
}

/// The immutable parts of the branches that were read last, and a guess at the active branches of chats.
#[derive(Debug)]
pub(crate) struct BranchCache {
    immutable: Cache<BranchId, Arc<ImmutableBranch>, BySegments>,
    active: Cache<BranchId, BranchId, UnitWeighter>,
}

impl BranchCache {
    pub(crate) fn new() -> Self {
        Self {
            immutable: Cache::with_weighter(EXPECTED_BRANCHES, MAX_CACHED_SEGMENTS, BySegments),
            active: Cache::new(MAX_GUESSES),
        }
    }

    /// The cached part of a branch, which may be deleted by now.
    pub(crate) fn get(&self, branch: BranchId, now: Timestamp) -> Option<Arc<ImmutableBranch>> {
        self.immutable.get(&branch).filter(|cached| now <= cached.seen_at.plus(CACHE_TTL))
    }

    /// A branch to read beside this trunk: the one that was active when the trunk was read last, if that was another one.
    pub(crate) fn guess_active(&self, trunk: BranchId) -> Option<BranchId> {
        self.active.get(&trunk)
    }

    /// Notes the active branch of a trunk for the next guess.
    pub(crate) fn note_active(&self, trunk: BranchId, active: Option<BranchId>) {
        match active.filter(|active| *active != trunk) {
            Some(active) if self.guess_active(trunk) != Some(active) => self.active.insert(trunk, active),
            Some(_) => {}
            None => drop(self.active.remove(&trunk)),
        }
    }

    /// Adds a branch that was read just now. A tombstone is not added: its id may be free within the hour.
    pub(crate) fn add(&self, branch: &BranchDoc, now: Timestamp) -> Result<(), Error> {
        if branch.alive && self.get(branch.id, now).is_none() {
            let cached = ImmutableBranch { seen_at: now, chat: branch.chat, ancestry: branch.ancestry()? };
            self.immutable.insert(branch.id, Arc::new(cached));
        }
        Ok(())
    }
}
