//! The segments of one page.

use super::ancestry::{Ancestry, Segment};
use super::line::DepthRange;
use shared::ids::BranchId;

/// A page's depths as segments with both bounds, each within one branch: at most one more than the page has messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    depths: DepthRange,
    segments: Vec<Segment>,
    missing_ancestry: Option<BranchId>,
}

impl Plan {
    /// Plans depths of the line of `ancestry`, whose window reaches the last of them (see [`Ancestry::next_toward`]).
    pub fn new(ancestry: &Ancestry, depths: DepthRange) -> Self {
        let own = Segment::of(ancestry.branch, ancestry.fork_depth + 1, depths.to);
        let mut plan =
            Self { depths, segments: own.intersection(depths).into_iter().collect(), missing_ancestry: None };
        plan.extend(ancestry);
        plan
    }

    /// The branch whose ancestry is missing, if the windows seen so far do not reach the first depth.
    pub const fn missing_ancestry(&self) -> Option<BranchId> {
        self.missing_ancestry
    }

    /// Extends the plan by the ancestry of the branch that was missing.
    pub fn extend(&mut self, older: &Ancestry) {
        self.segments.extend(older.window.iter().filter_map(|segment| segment.intersection(self.depths)));
        let oldest = older.window.last().filter(|oldest| self.depths.from < oldest.from);
        self.missing_ancestry = oldest.map(|oldest| oldest.branch);
    }

    /// The segments, deepest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }
}
