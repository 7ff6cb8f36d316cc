//! The scan of changes from one source, page by page.

use crate::error::Error;
use crate::store::{Change, ChangePosition, ChangeSource, ContentStore};
use shared::clock::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// Changes of one page.
const CHANGES_PER_PAGE: usize = 1_000;
/// The seen changes up to which each walk goes over the whole overlap.
const MAX_SEEN_OF_EVERY_WHOLE_WALK: usize = 2_000;
/// The interval of such walks where there are more, and how far back the walks between them go.
const WHOLE_WALK_INTERVAL: Duration = Duration::from_secs(10);
const SHORT_OVERLAP: Duration = Duration::from_secs(5);

/// A scan: walks over the changes since the watermark, again and again.
#[derive(Debug)]
pub(super) struct Scan {
    source: ChangeSource,
    /// The time by which walks go back: longer than it takes until a change is visible, after its time was taken.
    overlap: Duration,
    /// All changes before it are reported.
    pub(super) watermark: Timestamp,
    /// The changes that are reported, as far as walks see them again.
    seen: BTreeSet<ChangePosition>,
    walk: Option<Walk>,
    next_whole_walk: Timestamp,
}

/// A walk that is under way.
#[derive(Debug, Clone, Copy)]
struct Walk {
    begun_at: Timestamp,
    /// Whether it goes over the whole overlap.
    is_whole: bool,
    after: ChangePosition,
}

/// A page of changes.
#[derive(Debug)]
pub(super) struct ScanPage {
    walk: Walk,
    /// Those that were not seen before.
    pub(super) new: Vec<Change>,
    last: Option<ChangePosition>,
    /// Whether more may follow.
    pub(super) has_more: bool,
}

impl Scan {
    pub(super) const fn new(source: ChangeSource, overlap: Duration, watermark: Timestamp) -> Self {
        Self { source, overlap, watermark, seen: BTreeSet::new(), walk: None, next_whole_walk: watermark }
    }

    pub(super) const fn source(&self) -> ChangeSource {
        self.source
    }

    /// Goes on from the watermark of another process.
    pub(super) fn restart(&mut self, watermark: Timestamp) {
        (self.watermark, self.walk, self.next_whole_walk) = (watermark, None, watermark);
    }

    /// Reads the next page of a walk, or the first of a new one.
    pub(super) async fn read_page(&self, store: &ContentStore, now: Timestamp) -> Result<ScanPage, Error> {
        let walk = self.walk.unwrap_or_else(|| self.begin(now));
        let found = store.list_changes(self.source, walk.after, CHANGES_PER_PAGE).await?;
        let (last, has_more) = (found.last().map(|change| change.position), found.len() == CHANGES_PER_PAGE);
        let new = found.into_iter().filter(|change| !self.seen.contains(&change.position)).collect();
        Ok(ScanPage { walk, new, last, has_more })
    }

    fn begin(&self, now: Timestamp) -> Walk {
        let is_whole = self.seen.len() <= MAX_SEEN_OF_EVERY_WHOLE_WALK || self.next_whole_walk <= now;
        // Not after the overlap, also if the clock was set back since.
        let after =
            if is_whole { self.watermark.min(now.minus(self.overlap)) } else { now.minus(SHORT_OVERLAP) };
        Walk { begun_at: now, is_whole, after: ChangePosition::before(after) }
    }

    /// Counts a page as reported.
    pub(super) fn finish_page(&mut self, page: ScanPage) {
        let ScanPage { walk, new, last, has_more } = page;
        let overlap_begin = walk.begun_at.minus(self.overlap);
        self.seen.extend(new.iter().map(|change| change.position).filter(|seen| seen.at >= overlap_begin));
        if has_more {
            let after = last.unwrap_or(walk.after);
            if walk.is_whole {
                self.watermark = after.at.min(overlap_begin);
            }
            self.walk = Some(Walk { after, ..walk });
            return;
        }
        self.walk = None;
        if walk.is_whole {
            self.watermark = overlap_begin;
            self.seen = self.seen.split_off(&ChangePosition::before(overlap_begin));
            self.next_whole_walk = walk.begun_at.plus(WHOLE_WALK_INTERVAL);
        }
    }
}
