//! The ranges of one page.

use super::ancestry::{Ancestry, Segment};
use super::line::DepthRange;
use shared::ids::BranchId;

/// A page's depths as ranges with both bounds, each within one branch: at most one more than the page has messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    stretch: DepthRange,
    ranges: Vec<Segment>,
    missing: Option<BranchId>,
}

impl Plan {
    /// Plans depths of the line of `ancestry`, whose window reaches the last of them (see [`Ancestry::further`]).
    pub fn new(ancestry: &Ancestry, stretch: DepthRange) -> Self {
        let own = Segment::of(ancestry.branch, ancestry.fork_depth + 1, stretch.to);
        let mut plan = Self { stretch, ranges: own.within(stretch).into_iter().collect(), missing: None };
        plan.go_on(ancestry);
        plan
    }

    /// The branch whose ancestry the plan needs next, if the windows seen so far do not reach its first depth.
    pub const fn missing(&self) -> Option<BranchId> {
        self.missing
    }

    /// Goes on with the ancestry of the branch that was missing.
    pub fn go_on(&mut self, older: &Ancestry) {
        self.ranges.extend(older.window.iter().filter_map(|segment| segment.within(self.stretch)));
        let oldest = older.window.last().filter(|oldest| self.stretch.from < oldest.from);
        self.missing = oldest.map(|oldest| oldest.branch);
    }

    /// The ranges, deepest first.
    pub fn ranges(&self) -> &[Segment] {
        &self.ranges
    }
}
